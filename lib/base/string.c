/* SPDX-License-Identifier: MIT */
/*
 * Memory and string functions. memcpy and memset move words where both sides are aligned: instruction counts are
 * what the benchmarks see.
 */
#include "base/string.h"

#define WORD_MASK (sizeof(uint64_t) - 1)

typedef uint64_t word_t __attribute__((may_alias));

void *memcpy(void *restrict destination, const void *restrict source, size_t size) {
    uint8_t *to = destination;
    const uint8_t *from = source;
    if ((((uintptr_t)to ^ (uintptr_t)from) & WORD_MASK) == 0) {
        while (size > 0 && ((uintptr_t)to & WORD_MASK) != 0) {
            *to++ = *from++;
            size--;
        }
        for (; size >= 8 * sizeof(word_t); size -= 8 * sizeof(word_t)) {
            word_t *w = (word_t *)to;
            const word_t *r = (const word_t *)from;
            word_t a = r[0], b = r[1], c = r[2], d = r[3];
            w[0] = a, w[1] = b, w[2] = c, w[3] = d;
            a = r[4], b = r[5], c = r[6], d = r[7];
            w[4] = a, w[5] = b, w[6] = c, w[7] = d;
            to += 8 * sizeof(word_t);
            from += 8 * sizeof(word_t);
        }
        for (; size >= sizeof(word_t); size -= sizeof(word_t)) {
            *(word_t *)to = *(const word_t *)from;
            to += sizeof(word_t);
            from += sizeof(word_t);
        }
    }
    while (size > 0) {
        *to++ = *from++;
        size--;
    }
    return destination;
}

void *memmove(void *destination, const void *source, size_t size) {
    uint8_t *to = destination;
    const uint8_t *from = source;
    if (to <= from || to >= from + size) {
        return memcpy(destination, source, size);
    }
    while (size > 0) {
        size--;
        to[size] = from[size];
    }
    return destination;
}

void *memset(void *destination, int value, size_t size) {
    uint8_t *to = destination;
    while (size > 0 && ((uintptr_t)to & WORD_MASK) != 0) {
        *to++ = (uint8_t)value;
        size--;
    }
    word_t pattern = 0x0101010101010101ul * (uint8_t)value;
    for (; size >= 8 * sizeof(word_t); size -= 8 * sizeof(word_t)) {
        word_t *w = (word_t *)to;
        w[0] = pattern, w[1] = pattern, w[2] = pattern, w[3] = pattern;
        w[4] = pattern, w[5] = pattern, w[6] = pattern, w[7] = pattern;
        to += 8 * sizeof(word_t);
    }
    while (size > 0) {
        *to++ = (uint8_t)value;
        size--;
    }
    return destination;
}

int memcmp(const void *a, const void *b, size_t size) {
    const uint8_t *x = a, *y = b;
    for (size_t i = 0; i < size; i++) {
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
    return strnlen(text, SIZE_MAX);
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
    return strncmp(a, b, SIZE_MAX);
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
