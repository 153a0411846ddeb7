/* SPDX-License-Identifier: MIT */
/* Memory and string functions that the compiler and freestanding code need. */
#pragma once

#include "abi/types.h"

void *memcpy(void *restrict destination, const void *restrict source, size_t size);
void *memmove(void *destination, const void *source, size_t size);
void *memset(void *destination, int value, size_t size);
int memcmp(const void *a, const void *b, size_t size);
size_t strlen(const char *text);
size_t strnlen(const char *text, size_t max);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t max);
char *strchr(const char *text, int c);

/* Copies at most size-1 bytes and terminates; size 0 does nothing. Returns the bytes copied. */
size_t string_copy(char *destination, size_t size, const char *source);

/* Whether `word` stands in the text, between blanks. */
bool string_has_word(const char *text, const char *word);

/* Freestanding code does not let the compiler know these by name; small constant sizes are worth inlining. */
#if !__STDC_HOSTED__
#define memcpy(destination, source, size) __builtin_memcpy(destination, source, size)
#define memset(destination, value, size)  __builtin_memset(destination, value, size)
#define memcmp(a, b, size)                __builtin_memcmp(a, b, size)
#define strlen(text)                      __builtin_strlen(text)
#endif
