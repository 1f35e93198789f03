/* The peer of the exits benchmark: the same guest and the same loop, as a C program would have it. For every line on standard
 * input it runs EXITS port reads and prints microseconds an exit, elapsed and in user mode. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/kvm.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <time.h>

#define CODE 0x100000
#define MEMORY 0x200000

static void *must_map(size_t size, int flags, int fd) {
  void *at = mmap(NULL, size, PROT_READ | PROT_WRITE, flags, fd, 0);
  if (at == MAP_FAILED) exit(1);
  return at;
}

static double microseconds(struct timespec t) { return t.tv_sec * 1e6 + t.tv_nsec / 1e3; }

int main(int argc, char **argv) {
  long exits = argc > 1 ? atol(argv[1]) : 20000;
  int kvm = open("/dev/kvm", O_RDWR), vm = ioctl(kvm, KVM_CREATE_VM, 0);
  unsigned char *memory = must_map(MEMORY, MAP_SHARED | MAP_ANONYMOUS, -1);
  memcpy(memory + CODE, "\x66\xba\xfd\x03\xec\xeb\xfd", 7); /* mov dx, 0x3fd; a: in al, dx; jmp a */
  struct kvm_userspace_memory_region region = {.memory_size = MEMORY, .userspace_addr = (unsigned long)memory};
  if (ioctl(vm, KVM_SET_USER_MEMORY_REGION, &region) != 0) return 1;
  int vcpu = ioctl(vm, KVM_CREATE_VCPU, 0);
  struct kvm_run *run = must_map(ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 0), MAP_SHARED, vcpu);
  struct kvm_sregs sregs;
  if (ioctl(vcpu, KVM_GET_SREGS, &sregs) != 0) return 1;
  struct kvm_segment flat = {.limit = 0xffffffff, .selector = 8, .type = 11, .present = 1, .db = 1, .s = 1, .g = 1};
  sregs.cs = flat;
  flat.selector = 16, flat.type = 3;
  sregs.ds = sregs.es = sregs.fs = sregs.gs = sregs.ss = flat;
  sregs.cr0 |= 1;
  struct kvm_regs regs = {.rip = CODE, .rflags = 2};
  if (ioctl(vcpu, KVM_SET_SREGS, &sregs) != 0 || ioctl(vcpu, KVM_SET_REGS, &regs) != 0) return 1;
  setvbuf(stdout, NULL, _IOLBF, 0);
  char line[64];
  while (fgets(line, sizeof line, stdin) != NULL) {
    struct timespec start, end;
    struct rusage before, after;
    getrusage(RUSAGE_THREAD, &before);
    clock_gettime(CLOCK_MONOTONIC, &start);
    for (long count = 0; count < exits; count++) {
      if (ioctl(vcpu, KVM_RUN, 0) != 0 || run->exit_reason != KVM_EXIT_IO) return 1;
      if (run->io.direction == KVM_EXIT_IO_IN) ((unsigned char *)run)[run->io.data_offset] = 0x60;
    }
    clock_gettime(CLOCK_MONOTONIC, &end);
    getrusage(RUSAGE_THREAD, &after);
    double user = (after.ru_utime.tv_sec - before.ru_utime.tv_sec) * 1e6 + (after.ru_utime.tv_usec - before.ru_utime.tv_usec);
    printf("%f %f\n", (microseconds(end) - microseconds(start)) / exits, user / exits);
  }
  return 0;
}
