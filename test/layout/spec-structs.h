/* Structs that a specification defines and no header of Debian declares, written down from its text. */
#include <linux/types.h>

/* vhost-user specification (QEMU, docs/interop/vhost-user), "Message Specification". The descriptions there are byte tables. */
struct VhostUserHeader { __u32 request, flags, size; } __attribute__((packed));
struct VhostUserU64 { __u64 value; } __attribute__((packed));
struct VhostUserMemory { __u32 nregions, padding; } __attribute__((packed));
struct VhostUserMemoryRegion { __u64 guest_phys_addr, memory_size, userspace_addr, mmap_offset; } __attribute__((packed));
struct VhostUserMemRegMsg { __u64 padding; struct VhostUserMemoryRegion region; } __attribute__((packed));
struct VhostUserConfig { __u32 offset, size, flags; } __attribute__((packed));
/* Padded: what every front end sends is the C struct of 24 bytes. */
struct VhostUserInflight { __u64 mmap_size, mmap_offset; __u16 num_queues, queue_size; };

/* "Inflight I/O tracking": the split ring's table, named there as here. */
struct DescStateSplit { __u8 inflight; __u8 padding[5]; __u16 next; __u64 counter; };
struct QueueRegionSplit { __u64 features; __u16 version, desc_num, last_batch_head, used_idx; };

/* Xen public headers, arch-x86/hvm/start_info.h, version 1. */
struct hvm_start_info {
  __u32 magic, version, flags, nr_modules;
  __u64 modlist_paddr, cmdline_paddr, rsdp_paddr, memmap_paddr;
  __u32 memmap_entries, reserved;
};
struct hvm_modlist_entry { __u64 paddr, size, cmdline_paddr, reserved; };
struct hvm_memmap_table_entry { __u64 addr, size; __u32 type, reserved; };

