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
struct VhostUserLog { __u64 mmap_size, mmap_offset; } __attribute__((packed));
struct VhostUserTransferDeviceState { __u32 direction, phase; } __attribute__((packed));

/* Ours: what a disk says of itself in a migration (DEVICE_STATE). */
struct ch_block_state { __u32 magic; __u16 version, size; __u64 capacity; __u8 writeback, read_only, reserved[6]; };

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


/* ACPI 6.5, 5.2.3.2 Generic Address Structure, 5.2.5.3 RSDP, 5.2.6 System Description Table Header. */
struct acpi_generic_address { __u8 space_id, bit_width, bit_offset, access_width; __u64 address; } __attribute__((packed));
struct acpi_table_rsdp {
  __u8 signature[8], checksum, oem_id[6], revision;
  __u32 rsdt_physical_address, length;
  __u64 xsdt_physical_address;
  __u8 extended_checksum, reserved[3];
} __attribute__((packed));
struct acpi_table_header {
  __u8 signature[4];
  __u32 length;
  __u8 revision, checksum, oem_id[6], oem_table_id[8];
  __u32 oem_revision;
  __u8 asl_compiler_id[4];
  __u32 asl_compiler_revision;
} __attribute__((packed));

/* DSP0134 3.2, 5.2.2 SMBIOS 3.0 (64-bit) Entry Point. */
struct smbios3_entry_point {
  __u8 anchor[5], checksum, length, major, minor, docrev, revision, reserved;
  __u32 table_size;
  __u64 table_address;
} __attribute__((packed));

/* [MS-VHDX] 2.2.2 Headers, 2.2.3 Region Table, 2.3.1 Log Entry, 2.6.1 Metadata Table. */
struct VHDX_HEADER {
  __u32 Signature, Checksum; __u64 SequenceNumber; __u8 FileWriteGuid[16], DataWriteGuid[16], LogGuid[16];
  __u16 LogVersion, Version; __u32 LogLength; __u64 LogOffset;
};
struct VHDX_REGION_TABLE_HEADER { __u32 Signature, Checksum, EntryCount, Reserved; };
struct VHDX_REGION_TABLE_ENTRY { __u8 Guid[16]; __u64 FileOffset; __u32 Length, Required; };
struct VHDX_LOG_ENTRY_HEADER {
  __u32 Signature, Checksum, EntryLength, Tail; __u64 SequenceNumber; __u32 DescriptorCount, Reserved; __u8 LogGuid[16];
  __u64 FlushedFileOffset, LastFileOffset;
};
struct VHDX_LOG_ZERO_DESCRIPTOR { __u32 ZeroSignature, Reserved; __u64 ZeroLength, FileOffset, SequenceNumber; };
struct VHDX_LOG_DATA_DESCRIPTOR { __u32 DataSignature; __u8 TrailingBytes[4], LeadingBytes[8]; __u64 FileOffset, SequenceNumber; };
struct VHDX_LOG_DATA_SECTOR { __u32 DataSignature, SequenceHigh; __u8 Data[4084]; __u32 SequenceLow; };
struct VHDX_METADATA_TABLE_HEADER { __u8 Signature[8]; __u16 Reserved, EntryCount; __u8 Reserved2[20]; };
struct VHDX_METADATA_TABLE_ENTRY { __u8 ItemId[16]; __u32 Offset, Length, Flags, Reserved2; };
