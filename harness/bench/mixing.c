/* SPDX-License-Identifier: MIT
 *
 * mixing.c - see mixing.h. In floats: this measures and writes nothing, so that no decoder has to
 * come to the same last bit. A kernel: some 20 decisions a node, each with up to 10 contexts. */
#include "mixing.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

/* A line holds the decisions of one digit of a number (at most 15) in one context.
 * A slot is a probability of 1 in 22 bits and how often it was asked in 10. */
#define SLOTS 15u
struct line {
  uint16_t check; /* of the context; 0 with uses 0: free */
  uint16_t uses;
  uint32_t slots[SLOTS];
};
_Static_assert(sizeof(struct line) == 64, "a line is a line of the cache");

#define WAYS 4u /* lines in which a context may stand: those of one group of four */
#define SLOT_NEW (UINT32_C(1) << 31)
#define USES_MAX 1023u
/* From so many outcomes on, a slot forgets as fast as it learns. On 8 MB samples of linux-core and
 * python-stdlib, bits a node: 1023: 1.664 and 1.671; 255: 1.651, 1.655; 127: 1.637, 1.635. */
#define RATE_USES_MAX 127u
#define CONFIDENCES 12u
#define PLACES 128u /* digits 0-7 x 16 decisions */
#define STRETCH_STEPS 4096u
#define RATE_LEAST 0.005f
#define RATE_FIRST 0.03f

struct mixing_memory {
  struct line *lines;
  uint64_t group_mask;
  size_t bytes;
  float stretch[STRETCH_STEPS];
  float rates[USES_MAX + 1];
  uint8_t confidences[USES_MAX + 1];
};

struct weights {
  float of[MIXING_CONTEXTS_MAX][CONFIDENCES];
  float bias;
  uint32_t uses;
};

struct mixing_mixer {
  struct weights places[PLACES];
  struct weights sets[MIXING_SETS];
};

/* ---- shapes ---- */

/* The decisions that lead to a digit: which slot, and its outcome. */
struct path {
  uint8_t length;
  uint8_t slot[6], bit[6];
};

static void path_add(struct path *path, unsigned slot, unsigned bit) {
  path->slot[path->length] = (uint8_t)slot;
  path->bit[path->length++] = (uint8_t)bit;
}

static struct path path_to(enum mixing_shape shape, unsigned digit) {
  struct path path = {0};
  if (shape == MIXING_BIT) {
    path_add(&path, 0, digit);
    return path;
  }
  unsigned first = 0;
  if (shape == MIXING_SKEWED) {
    path_add(&path, 0, digit > 0);
    if (digit == 0) return path;
    path_add(&path, 1, digit > 1);
    if (digit == 1) return path;
    first = 2;
  }
  /* A balanced tree over what is left: halves [low, high). Its nodes are numbered in preorder, so that
   * n leaves take n - 1 slots. */
  unsigned low = first, high = 16, slot = first;
  while (high - low > 1) {
    unsigned middle = low + (high - low + 1) / 2, bit = digit >= middle;
    path_add(&path, slot, bit);
    slot += bit ? middle - low : 1;
    if (bit) low = middle;
    else high = middle;
  }
  return path;
}

static const struct path *paths_of(enum mixing_shape shape) {
  static struct path paths[MIXING_SHAPE_COUNT][16];
  static bool made;
  for (unsigned s = 0; !made && s < MIXING_SHAPE_COUNT; s++) {
    for (unsigned d = 0; d < (s == MIXING_BIT ? 2 : 16); d++) paths[s][d] = path_to((enum mixing_shape)s, d);
  }
  made = true;
  return paths[shape];
}

/* ---- memory ---- */

/* How much a probability is worth that was learned from so many outcomes: 0, 1, 2, 3, from 4, 8 ... 512 on. */
static unsigned confidence_of(uint32_t uses) {
  if (uses < 4) return uses;
  return 31u - (unsigned)__builtin_clz(uses) + 2;
}

struct mixing_memory *mixing_memory_new(unsigned lg_lines) {
  struct mixing_memory *memory = calloc(1, sizeof *memory);
  if (!memory) return NULL;
  memory->bytes = sizeof(struct line) << lg_lines;
  memory->group_mask = (UINT64_C(1) << lg_lines) / WAYS - 1;
  void *lines = mmap(NULL, memory->bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (lines == MAP_FAILED) {
    free(memory);
    return NULL;
  }
  madvise(lines, memory->bytes, MADV_HUGEPAGE); /* for speed: most lines are far from the last one */
  memory->lines = lines;
  for (unsigned i = 0; i < STRETCH_STEPS; i++) {
    float p = ((float)i + 0.5f) / STRETCH_STEPS;
    memory->stretch[i] = logf(p / (1 - p));
  }
  for (unsigned n = 0; n <= USES_MAX; n++) {
    memory->rates[n] = 1 / ((float)(n < RATE_USES_MAX ? n : RATE_USES_MAX) + 1.4f);
    memory->confidences[n] = (uint8_t)confidence_of(n);
  }
  return memory;
}

void mixing_memory_free(struct mixing_memory *memory) {
  if (!memory) return;
  munmap(memory->lines, memory->bytes);
  free(memory);
}

static void line_clear(struct line *line, uint16_t check) {
  line->check = check;
  line->uses = 0;
  for (unsigned s = 0; s < SLOTS; s++) line->slots[s] = SLOT_NEW;
}

/* The context's line; where there is none, in place of the group's least used one. */
static struct line *line_of(struct mixing_memory *memory, uint64_t hash) {
  struct line *group = &memory->lines[(hash & memory->group_mask) * WAYS], *least = group;
  uint16_t check = (uint16_t)(hash >> 48);
  for (unsigned w = 0; w < WAYS; w++) {
    struct line *line = &group[(w + (hash >> 46)) % WAYS];
    if (line->uses > 0 && line->check == check) {
      line->uses += line->uses < UINT16_MAX;
      return line;
    }
    if (line->uses == 0) {
      least = line;
      break;
    }
    if (line->uses < least->uses) least = line;
  }
  for (unsigned w = 0; least->uses > 1 && w < WAYS; w++) group[w].uses -= group[w].uses / 16; /* age */
  line_clear(least, check);
  least->uses = 1;
  return least;
}

/* ---- mixers ---- */

static void weights_start(struct weights *weights) {
  for (unsigned i = 0; i < MIXING_CONTEXTS_MAX; i++) {
    for (unsigned c = 0; c < CONFIDENCES; c++) weights->of[i][c] = 0.08f + 0.01f * (float)c;
  }
}

struct mixing_mixer *mixing_mixer_new(void) {
  struct mixing_mixer *mixer = calloc(1, sizeof *mixer);
  for (unsigned i = 0; mixer && i < PLACES; i++) weights_start(&mixer->places[i]);
  for (unsigned i = 0; mixer && i < MIXING_SETS; i++) weights_start(&mixer->sets[i]);
  return mixer;
}

void mixing_mixer_free(struct mixing_mixer *mixer) { free(mixer); }

static float squash(float x) {
  if (x > 14) x = 14;
  if (x < -14) x = -14;
  return 1 / (1 + expf(-x));
}

/* What the contexts say about one decision. */
struct votes {
  uint32_t count;
  float inputs[MIXING_CONTEXTS_MAX];
  uint8_t confidences[MIXING_CONTEXTS_MAX];
};

static float weigh(const struct weights *weights, const struct votes *votes) {
  float sum = weights->bias;
  for (uint32_t i = 0; i < votes->count; i++) sum += weights->of[i][votes->confidences[i]] * votes->inputs[i];
  return sum;
}

static void weights_learn(struct weights *weights, const struct votes *votes, float error) {
  float rate = RATE_FIRST / (1 + (float)weights->uses / 256);
  if (rate < RATE_LEAST) rate = RATE_LEAST;
  else weights->uses++;
  error *= rate;
  for (uint32_t i = 0; i < votes->count; i++) weights->of[i][votes->confidences[i]] += error * votes->inputs[i];
  weights->bias += error * 0.1f;
}

static void slot_learn(const struct mixing_memory *memory, uint32_t *slot, unsigned bit) {
  uint32_t uses = *slot & USES_MAX;
  float p = (float)(*slot >> 10);
  p += ((bit ? 4194303.0f : 0.0f) - p) * memory->rates[uses];
  *slot = (uint32_t)p << 10 | (uses + (uses < USES_MAX));
}

/* Whom a decision asks: the contexts' lines, mixed by the weights of its place and of the caller's set. */
struct decision {
  struct weights *by_place, *by_set;
  struct line *const *lines;
  uint32_t line_count;
};

/* Returns the probability that the outcome was given, and learns the outcome. */
static double decide(const struct mixing_memory *memory, const struct decision *of, unsigned slot, unsigned bit) {
  struct votes votes = {.count = of->line_count};
  for (uint32_t i = 0; i < of->line_count; i++) {
    uint32_t packed = of->lines[i]->slots[slot];
    votes.inputs[i] = memory->stretch[packed >> 20];
    votes.confidences[i] = memory->confidences[packed & USES_MAX];
    if ((packed & USES_MAX) == 0) votes.inputs[i] = 0;
  }
  float p = squash(weigh(of->by_place, &votes) + weigh(of->by_set, &votes)), error = (float)bit - p;
  weights_learn(of->by_place, &votes, error);
  weights_learn(of->by_set, &votes, error);
  for (uint32_t i = 0; i < of->line_count; i++) slot_learn(memory, &of->lines[i]->slots[slot], bit);
  return bit ? (double)p : 1 - (double)p;
}

/* ---- numbers ---- */

/* A digit of 12 to 15 says that 1, 2, 4 or 8 more digits follow. */
#define DIRECT 12u

struct digits {
  unsigned count;
  uint8_t of[9];
};

static struct digits digits_of(enum mixing_shape shape, uint32_t number) {
  struct digits digits = {.count = 1};
  if (shape == MIXING_BIT || number < DIRECT) {
    digits.of[0] = (uint8_t)number;
    return digits;
  }
  uint32_t rest = number - DIRECT;
  unsigned more = rest < 16 ? 1 : rest < 256 ? 2 : rest < 65536 ? 4 : 8;
  digits.of[0] = (uint8_t)(more == 1 ? 12 : more == 2 ? 13 : more == 4 ? 14 : 15);
  while (more-- > 0) digits.of[digits.count++] = (uint8_t)(rest >> (4 * more) & 15);
  return digits;
}

double mixing_cost(struct mixing_memory *memory, struct mixing_mixer *mixer, const struct mixing_question *question,
                   uint32_t number) {
  struct digits digits = digits_of(question->shape, number);
  struct line *lines[MIXING_CONTEXTS_MAX];
  uint64_t hashes[MIXING_CONTEXTS_MAX], told = 0;
  double probability = 1; /* at least 2^-21 a decision, 38 decisions: no underflow */
  for (unsigned d = 0; d < digits.count; d++) {
    const struct path *path =
        &paths_of(d == 0 || question->shape == MIXING_BIT ? question->shape : MIXING_BALANCED)[digits.of[d]];
    for (uint32_t i = 0; i < question->context_count; i++) {
      hashes[i] = mixing_hash(question->contexts[i] ^ (uint64_t)i << 56, told);
      __builtin_prefetch(&memory->lines[(hashes[i] & memory->group_mask) * WAYS + (hashes[i] >> 46) % WAYS]);
    }
    for (uint32_t i = 0; i < question->context_count; i++) lines[i] = line_of(memory, hashes[i]);
    for (unsigned s = 0; s < path->length; s++) {
      const struct decision decision = {.by_place = &mixer->places[(d < 8 ? d : 7) * 16 + path->slot[s]],
                                        .by_set = &mixer->sets[question->set],
                                        .lines = lines,
                                        .line_count = question->context_count};
      probability *= decide(memory, &decision, path->slot[s], path->bit[s]);
    }
    told = told << 4 | digits.of[d];
    told += UINT64_C(1) << 60; /* how many digits, so that 1 and 01 differ */
  }
  return -log2(probability);
}
