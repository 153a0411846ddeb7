/* SPDX-License-Identifier: MIT */
/*
 * Memory and string functions. Instruction counts are what the benchmarks see: bulk work is done in long blocks of
 * aligned words, which compilers turn into pairs where the CPU has them. Nothing outside of the given bytes is read.
 */
#include "base/string.h"

#undef memcpy
#undef memset
#undef memcmp
#undef strlen

#define WORD_SIZE  sizeof(uint64_t)
#define WORD_MASK  (WORD_SIZE - 1)
#define BLOCK_SIZE (32 * WORD_SIZE)
#define SHORT_SIZE (4 * WORD_SIZE) /* below, shifting words together costs more than it saves */
#define BOUND_NONE ((size_t)PTRDIFF_MAX)

typedef uint64_t word_t __attribute__((may_alias));

static inline void copy_4_words(word_t *to, const word_t *from) {
    word_t a = from[0], b = from[1], c = from[2], d = from[3];
    to[0] = a, to[1] = b, to[2] = c, to[3] = d;
}

/* Whole words of the size; both pointers are aligned. */
static size_t copy_words(uint8_t *to_bytes, const uint8_t *from_bytes, size_t size) {
    word_t *to = (word_t *)to_bytes;
    const word_t *from = (const word_t *)from_bytes;
    size_t left = size;
    for (; left >= 16 * WORD_SIZE; left -= 16 * WORD_SIZE, to += 16, from += 16) {
        copy_4_words(to, from);
        copy_4_words(to + 4, from + 4);
        copy_4_words(to + 8, from + 8);
        copy_4_words(to + 12, from + 12);
    }
    for (; left >= 4 * WORD_SIZE; left -= 4 * WORD_SIZE, to += 4, from += 4) {
        copy_4_words(to, from);
    }
    for (; left >= WORD_SIZE; left -= WORD_SIZE) {
        *to++ = *from++;
    }
    return size - left;
}

/* The same with a source that is not aligned: each word is put together from two. Little-endian CPUs only, as all are.
 * Stops where the next word would reach behind the source. */
static size_t copy_shifted_words(uint8_t *to_bytes, const uint8_t *from, size_t size) {
    unsigned head = (unsigned)((0 - (uintptr_t)from) & WORD_MASK); /* bytes before the source's first word: 1 to 7 */
    unsigned shift = head * 8;
    word_t *to = (word_t *)to_bytes;
    word_t carry = 0;
    for (unsigned i = 0; i < head; i++) {
        carry |= (word_t)from[i] << (i * 8);
    }
    const word_t *words = (const word_t *)(from + head);
    size_t count = (size - head) / WORD_SIZE;
    for (size_t i = 0; i < count; i++) {
        word_t word = words[i];
        to[i] = carry | word << shift;
        carry = word >> (64 - shift);
    }
    return count * WORD_SIZE;
}

/* Reads every word before it writes at or below its address: the destination may overlap the source's start. */
static inline void *copy_up(void *destination, const void *source, size_t size) {
    uint8_t *to = destination;
    const uint8_t *from = source;
    bool aligned_alike = (((uintptr_t)to ^ (uintptr_t)from) & WORD_MASK) == 0;
    if (aligned_alike || size >= SHORT_SIZE) {
        while (size > 0 && ((uintptr_t)to & WORD_MASK) != 0) {
            *to++ = *from++;
            size--;
        }
        size_t done = aligned_alike ? copy_words(to, from, size) : copy_shifted_words(to, from, size);
        to += done;
        from += done;
        size -= done;
    }
    while (size > 0) {
        *to++ = *from++;
        size--;
    }
    return destination;
}

void *memcpy(void *restrict destination, const void *restrict source, size_t size) {
    return copy_up(destination, source, size);
}

/* From the end down, for a destination that overlaps the source's end. */
static void copy_down(uint8_t *to, const uint8_t *from, size_t size) {
    if ((((uintptr_t)to ^ (uintptr_t)from) & WORD_MASK) == 0) {
        for (; size > 0 && ((uintptr_t)(to + size) & WORD_MASK) != 0; size--) {
            to[size - 1] = from[size - 1];
        }
        for (; size >= WORD_SIZE; size -= WORD_SIZE) {
            *(word_t *)(to + size - WORD_SIZE) = *(const word_t *)(from + size - WORD_SIZE);
        }
    }
    for (; size > 0; size--) {
        to[size - 1] = from[size - 1];
    }
}

void *memmove(void *destination, const void *source, size_t size) {
    uint8_t *to = destination;
    const uint8_t *from = source;
    if ((uintptr_t)to - (uintptr_t)from >= size) {
        return copy_up(destination, source, size);
    }
    copy_down(to, from, size);
    return destination;
}

static inline void set_8_words(word_t *to, word_t pattern) {
    to[0] = pattern, to[1] = pattern, to[2] = pattern, to[3] = pattern;
    to[4] = pattern, to[5] = pattern, to[6] = pattern, to[7] = pattern;
}

void *memset(void *destination, int value, size_t size) {
    uint8_t *bytes = destination;
    while (size > 0 && ((uintptr_t)bytes & WORD_MASK) != 0) {
        *bytes++ = (uint8_t)value;
        size--;
    }
    word_t *to = (word_t *)bytes;
    word_t pattern = 0x0101010101010101ul * (uint8_t)value;
    for (; size >= BLOCK_SIZE; size -= BLOCK_SIZE, to += 32) {
        set_8_words(to, pattern);
        set_8_words(to + 8, pattern);
        set_8_words(to + 16, pattern);
        set_8_words(to + 24, pattern);
    }
    for (; size >= 4 * WORD_SIZE; size -= 4 * WORD_SIZE, to += 4) {
        to[0] = pattern, to[1] = pattern, to[2] = pattern, to[3] = pattern;
    }
    for (; size >= WORD_SIZE; size -= WORD_SIZE) {
        *to++ = pattern;
    }
    for (bytes = (uint8_t *)to; size > 0; size--) {
        *bytes++ = (uint8_t)value;
    }
    return destination;
}

int memcmp(const void *a, const void *b, size_t size) {
    const uint8_t *x = a, *y = b;
    size_t i = 0;
    if ((((uintptr_t)x | (uintptr_t)y) & WORD_MASK) == 0) {
        while (i + WORD_SIZE <= size && *(const word_t *)(x + i) == *(const word_t *)(y + i)) {
            i += WORD_SIZE;
        }
    }
    for (; i < size; i++) {
        if (x[i] != y[i]) {
            return x[i] < y[i] ? -1 : 1;
        }
    }
    return 0;
}

size_t strnlen(const char *text, size_t max) {
    size_t length = 0;
    while (length < max && text[length] != 0) {
        length++;
    }
    return length;
}

size_t strlen(const char *text) {
    return strnlen(text, BOUND_NONE);
}

int strncmp(const char *a, const char *b, size_t max) {
    for (size_t i = 0; i < max; i++) {
        if (a[i] != b[i]) {
            return (uint8_t)a[i] < (uint8_t)b[i] ? -1 : 1;
        }
        if (a[i] == 0) {
            break;
        }
    }
    return 0;
}

int strcmp(const char *a, const char *b) {
    return strncmp(a, b, BOUND_NONE);
}

char *strchr(const char *text, int c) {
    for (;; text++) {
        if (*text == (char)c) {
            return (char *)(uintptr_t)text;
        }
        if (*text == 0) {
            return NULL;
        }
    }
}

size_t string_copy(char *destination, size_t size, const char *source) {
    if (size == 0) {
        return 0;
    }
    size_t length = strnlen(source, size - 1);
    memcpy(destination, source, length);
    destination[length] = 0;
    return length;
}

bool string_has_word(const char *text, const char *word) {
    size_t length = strlen(word);
    while (*text != 0) {
        size_t token = 0;
        while (text[token] != 0 && text[token] != ' ') {
            token++;
        }
        if (token == length && strncmp(text, word, length) == 0) {
            return true;
        }
        text += token + (text[token] != 0 ? 1 : 0);
    }
    return false;
}
