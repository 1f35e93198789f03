/* The load generator of the block benchmark: keeps a number of requests under way on every queue of a libblkio driver for a
 * while, a thread for each queue, and prints one JSON object: requests, seconds, latency in microseconds, and the processor time
 * that another process (cpu-of) and this one spent on it.
 *
 * load KEY=VALUE...; every option has a default but driver and path:
 *   driver=virtio-blk-vhost-user|io_uring  path=PATH  direct=0|1 (io_uring)
 *   write=0|1  sequential=0|1  block=BYTES  depth=N (each queue)  queues=N  warmup=MS  measure=MS  cpu-of=PID
 *   hold=1: one request, then nothing until standard input ends */
#define _GNU_SOURCE
#include <blkio.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* Latencies are counted in buckets of 1/256 of a power of two of nanoseconds: 0.4 % wide at most. */
#define STEPS 256
#define STEP_BITS 8
#define BUCKETS ((64 - STEP_BITS + 1) * STEPS)
#define NS 1000000000ull
/* Times that the span is prolonged where nothing was done in it. */
#define PATIENCE 10
/* Enough for a depth of 128. */
#define QUEUE_SIZE 512

static struct options {
  const char *driver, *path;
  int direct, write, sequential, block, depth, queues, warmup, measure, cpu_of, hold;
} options = {.block = 4096, .depth = 1, .queues = 1, .warmup = 100, .measure = 500};

enum phase { WARMING, MEASURING, ENDING };
static _Atomic int phase = WARMING;

struct request {
  char *buffer;
  uint64_t started;
};

struct lane {
  pthread_t thread;
  struct blkioq *queue;
  struct request *requests;
  struct blkio_completion *completions;
  uint64_t first_block, blocks, next_block, random;
  volatile uint64_t done;
  uint64_t latencies[BUCKETS];
};

static void die(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  vfprintf(stderr, format, arguments);
  va_end(arguments);
  fputc('\n', stderr);
  exit(1);
}

static void must(int result, const char *what) {
  if (result < 0) die("%s: %s (%s)", what, blkio_get_error_msg(), strerror(-result));
}

static uint64_t clock_ns(clockid_t clock) {
  struct timespec time;
  if (clock_gettime(clock, &time) != 0) die("clock: %s", strerror(errno));
  return time.tv_sec * NS + time.tv_nsec;
}

static unsigned bucket_of(uint64_t ns) {
  if (ns < STEPS) return ns;
  unsigned power = 63 - __builtin_clzll(ns);
  return (power - STEP_BITS + 1) * STEPS + ((ns >> (power - STEP_BITS)) & (STEPS - 1));
}

/* The middle of a bucket, in nanoseconds. */
static double bucket_middle(unsigned bucket) {
  if (bucket < STEPS) return bucket;
  unsigned power = bucket / STEPS + STEP_BITS - 1;
  return (STEPS + bucket % STEPS + 0.5) * (double)(1ull << (power - STEP_BITS));
}

static uint64_t next_offset(struct lane *lane) {
  uint64_t block;
  if (options.sequential) {
    block = lane->next_block++;
    if (lane->next_block == lane->blocks) lane->next_block = 0;
  } else {
    /* xorshift64 */
    lane->random ^= lane->random << 13, lane->random ^= lane->random >> 7, lane->random ^= lane->random << 17;
    block = lane->random % lane->blocks;
  }
  return (lane->first_block + block) * options.block;
}

static void start_request(struct lane *lane, struct request *request, uint64_t now) {
  uint64_t offset = next_offset(lane);
  request->started = now;
  if (options.write)
    blkioq_write(lane->queue, offset, request->buffer, options.block, request, 0);
  else
    blkioq_read(lane->queue, offset, request->buffer, options.block, request, 0);
}

static void *run_lane(void *argument) {
  struct lane *lane = argument;
  int under_way = options.depth;
  uint64_t now = clock_ns(CLOCK_MONOTONIC);
  for (int i = 0; i < options.depth; i++) start_request(lane, &lane->requests[i], now);
  while (under_way > 0) {
    int count = blkioq_do_io(lane->queue, lane->completions, 1, under_way, NULL);
    must(count, "I/O");
    int at = atomic_load_explicit(&phase, memory_order_relaxed);
    now = clock_ns(CLOCK_MONOTONIC);
    for (int i = 0; i < count; i++) {
      struct request *request = lane->completions[i].user_data;
      if (lane->completions[i].ret != 0) die("a request failed: %s", strerror(-lane->completions[i].ret));
      if (at == MEASURING) {
        lane->done++;
        lane->latencies[bucket_of(now - request->started)]++;
      }
      if (at == ENDING)
        under_way--;
      else
        start_request(lane, request, now);
    }
  }
  return NULL;
}

static void sleep_ms(int ms) {
  struct timespec time = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000l};
  while (nanosleep(&time, &time) != 0) continue;
}

static double percentile(const struct lane *lanes, uint64_t total, double part) {
  uint64_t below = 0;
  for (unsigned bucket = 0; bucket < BUCKETS; bucket++) {
    for (int i = 0; i < options.queues; i++) below += lanes[i].latencies[bucket];
    if (below >= total * part && below > 0) return bucket_middle(bucket) / 1000;
  }
  return 0;
}

static struct blkio *open_device(uint64_t *capacity) {
  struct blkio *device;
  must(blkio_create(options.driver, &device), options.driver);
  must(blkio_set_str(device, "path", options.path), "path");
  if (strcmp(options.driver, "io_uring") == 0) {
    must(blkio_set_bool(device, "direct", options.direct), "direct");
    must(blkio_set_bool(device, "read-only", !options.write), "read-only");
  }
  must(blkio_connect(device), options.path);
  must(blkio_set_int(device, "num-queues", options.queues), "num-queues");
  /* A request takes three descriptors: with fewer in the queue, less is under way than is asked for. */
  if (strcmp(options.driver, "io_uring") != 0) must(blkio_set_int(device, "queue-size", QUEUE_SIZE), "queue-size");
  must(blkio_start(device), "start");
  must(blkio_get_uint64(device, "capacity", capacity), "capacity");
  return device;
}

static struct lane *make_lanes(struct blkio *device, uint64_t capacity) {
  struct lane *lanes = calloc(options.queues, sizeof *lanes);
  struct blkio_mem_region region;
  size_t lane_bytes = (size_t)options.depth * options.block;
  size_t bytes = (lane_bytes * options.queues + (2 << 20) - 1) & ~(size_t)((2 << 20) - 1);
  must(blkio_alloc_mem_region(device, &region, bytes), "memory");
  must(blkio_map_mem_region(device, &region), "memory");
  memset(region.addr, 0xa5, bytes);
  for (int i = 0; i < options.queues; i++) {
    struct lane *lane = &lanes[i];
    uint64_t blocks = capacity / options.block;
    lane->queue = blkio_get_queue(device, i);
    lane->requests = calloc(options.depth, sizeof *lane->requests);
    lane->completions = calloc(options.depth, sizeof *lane->completions);
    lane->random = 0x9e3779b97f4a7c15ull * (i + 1);
    /* Streams do not share blocks; random requests go everywhere. */
    lane->blocks = options.sequential ? blocks / options.queues : blocks;
    lane->first_block = options.sequential ? lane->blocks * i : 0;
    for (int n = 0; n < options.depth; n++) lane->requests[n].buffer = (char *)region.addr + lane_bytes * i + (size_t)n * options.block;
  }
  return lanes;
}

/* One request has started the queue; then the device has nothing to do. */
static void hold(struct lane *lane) {
  char byte;
  start_request(lane, &lane->requests[0], 0);
  must(blkioq_do_io(lane->queue, lane->completions, 1, 1, NULL), "I/O");
  puts("holding");
  fflush(stdout);
  while (read(0, &byte, 1) > 0) continue;
}

static uint64_t all_done(const struct lane *lanes) {
  uint64_t done = 0;
  for (int i = 0; i < options.queues; i++) done += lanes[i].done;
  return done;
}

static void measure(struct lane *lanes) {
  clockid_t backend = CLOCK_PROCESS_CPUTIME_ID;
  if (options.cpu_of != 0 && clock_getcpuclockid(options.cpu_of, &backend) != 0) die("no process %d", options.cpu_of);
  for (int i = 0; i < options.queues; i++)
    if (pthread_create(&lanes[i].thread, NULL, run_lane, &lanes[i]) != 0) die("no thread");
  sleep_ms(options.warmup);
  uint64_t cpu = clock_ns(backend), own = clock_ns(CLOCK_PROCESS_CPUTIME_ID), begin = clock_ns(CLOCK_MONOTONIC);
  phase = MEASURING;
  sleep_ms(options.measure);
  /* A disk that others use, too, may do nothing for so long. */
  for (int more = 0; more < PATIENCE && all_done(lanes) == 0; more++) sleep_ms(options.measure);
  phase = ENDING;
  cpu = clock_ns(backend) - cpu, own = clock_ns(CLOCK_PROCESS_CPUTIME_ID) - own, begin = clock_ns(CLOCK_MONOTONIC) - begin;
  for (int i = 0; i < options.queues; i++) pthread_join(lanes[i].thread, NULL);
  uint64_t done = all_done(lanes);
  if (done == 0) die("not one request was done");
  printf("{\"requests\":%llu,\"seconds\":%.6f,\"p50Us\":%.3f,\"p99Us\":%.3f,\"cpuUs\":%.3f,\"ownCpuUs\":%.3f}\n", (unsigned long long)done,
         begin / 1e9, percentile(lanes, done, 0.5), percentile(lanes, done, 0.99), cpu / 1e3, own / 1e3);
}

static void parse(int argc, char **argv) {
  struct { const char *name; int *to; } numbers[] = {
      {"direct", &options.direct}, {"write", &options.write},   {"sequential", &options.sequential}, {"block", &options.block},
      {"depth", &options.depth},   {"queues", &options.queues}, {"warmup", &options.warmup},         {"measure", &options.measure},
      {"cpu-of", &options.cpu_of}, {"hold", &options.hold},
  };
  for (int i = 1; i < argc; i++) {
    char *value = strchr(argv[i], '=');
    if (value == NULL) die("%s: KEY=VALUE is expected", argv[i]);
    *value++ = 0;
    size_t known = 0, count = sizeof numbers / sizeof *numbers;
    if (strcmp(argv[i], "driver") == 0) options.driver = value;
    else if (strcmp(argv[i], "path") == 0) options.path = value;
    else {
      while (known < count && strcmp(argv[i], numbers[known].name) != 0) known++;
      if (known == count) die("%s: no such option", argv[i]);
      *numbers[known].to = atoi(value);
    }
  }
  if (options.driver == NULL || options.path == NULL) die("driver= and path= are needed");
  if (options.depth < 1 || options.depth * 3 > QUEUE_SIZE) die("depth=%d is not from 1 to %d", options.depth, QUEUE_SIZE / 3);
}

int main(int argc, char **argv) {
  uint64_t capacity;
  parse(argc, argv);
  struct blkio *device = open_device(&capacity);
  struct lane *lanes = make_lanes(device, capacity);
  if (options.hold)
    hold(lanes);
  else
    measure(lanes);
  blkio_destroy(&device);
  return 0;
}
