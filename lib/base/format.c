/* SPDX-License-Identifier: MIT */
/* Text formatting into a bounded buffer. No floating point, no %n. */
#include "base/format.h"

#include "base/string.h"

struct output {
    char *buffer;
    size_t size;
    size_t length; /* of the whole text, also what did not fit */
};

struct specification {
    bool left;
    bool zero;
    bool is_long;
    size_t width;
    size_t precision;
};

static void put(struct output *out, char c) {
    if (out->length + 1 < out->size) {
        out->buffer[out->length] = c;
    }
    out->length++;
}

static void put_padded(struct output *out, const char *text, size_t length, const struct specification *s) {
    size_t padding = s->width > length ? s->width - length : 0;
    for (size_t i = 0; i < padding && !s->left; i++) {
        put(out, s->zero ? '0' : ' ');
    }
    for (size_t i = 0; i < length; i++) {
        put(out, text[i]);
    }
    for (size_t i = 0; i < padding && s->left; i++) {
        put(out, ' ');
    }
}

static void put_number(struct output *out, uint64_t value, bool negative, unsigned base, bool upper,
                       struct specification *s) {
    const char *digits = upper ? "0123456789ABCDEF" : "0123456789abcdef";
    char text[24];
    size_t position = sizeof(text);
    do {
        text[--position] = digits[value % base];
        value /= base;
    } while (value != 0);
    if (negative && s->zero && !s->left) {
        put(out, '-');
        s->width = s->width > 0 ? s->width - 1 : 0;
    } else if (negative) {
        text[--position] = '-';
    }
    put_padded(out, text + position, sizeof(text) - position, s);
}

static size_t parse_number(const char **format) {
    size_t value = 0;
    while (**format >= '0' && **format <= '9') {
        value = value * 10 + (size_t)(*(*format)++ - '0');
    }
    return value;
}

/* A width or a precision: digits, or an argument. False if the argument is negative. */
static bool parse_amount(const char **format, va_list *arguments, size_t *amount) {
    if (**format != '*') {
        *amount = parse_number(format);
        return true;
    }
    ++*format;
    int value = va_arg(*arguments, int);
    *amount = value < 0 ? 0 - (size_t)value : (size_t)value;
    return value >= 0;
}

/* What stands between the per cent sign and the conversion. */
static struct specification parse_specification(const char **format, va_list *arguments) {
    struct specification s = {.precision = SIZE_MAX};
    for (; **format == '-' || **format == '0'; ++*format) {
        s.left |= **format == '-';
        s.zero |= **format == '0';
    }
    if (!parse_amount(format, arguments, &s.width)) {
        s.left = true;
    }
    if (**format == '.') {
        ++*format;
        if (!parse_amount(format, arguments, &s.precision)) {
            s.precision = SIZE_MAX;
        }
    }
    for (; **format == 'l' || **format == 'z' || **format == 'j' || **format == 't' || **format == 'h'; ++*format) {
        s.is_long |= **format != 'h';
    }
    return s;
}

static void put_conversion(struct output *out, char conversion, struct specification *s, va_list *arguments) {
    switch (conversion) {
    case 'd':
    case 'i': {
        int64_t value = s->is_long ? va_arg(*arguments, int64_t) : va_arg(*arguments, int);
        put_number(out, value < 0 ? 0 - (uint64_t)value : (uint64_t)value, value < 0, 10, false, s);
        break;
    }
    case 'u':
    case 'x':
    case 'X': {
        uint64_t value = s->is_long ? va_arg(*arguments, uint64_t) : va_arg(*arguments, unsigned);
        put_number(out, value, false, conversion == 'u' ? 10 : 16, conversion == 'X', s);
        break;
    }
    case 'p':
        put(out, '0');
        put(out, 'x');
        s->width = s->width > 2 ? s->width - 2 : 0;
        put_number(out, (uint64_t)va_arg(*arguments, void *), false, 16, false, s);
        break;
    case 'c': {
        char c = (char)va_arg(*arguments, int);
        s->zero = false;
        put_padded(out, &c, 1, s);
        break;
    }
    case 's': {
        const char *text = va_arg(*arguments, const char *);
        text = text != NULL ? text : "(null)";
        s->zero = false;
        put_padded(out, text, strnlen(text, s->precision), s);
        break;
    }
    default:
        put(out, conversion);
        break;
    }
}

size_t format_va(char *buffer, size_t size, const char *format, va_list arguments) {
    struct output out = {buffer, size, 0};
    va_list rest; /* a parameter of this type may be an array, to which no pointer can be passed on */
    va_copy(rest, arguments);
    while (*format != 0) {
        if (*format != '%') {
            put(&out, *format++);
            continue;
        }
        format++;
        struct specification s = parse_specification(&format, &rest);
        if (*format == 0) {
            break;
        }
        put_conversion(&out, *format++, &s, &rest);
    }
    va_end(rest);
    if (size > 0) {
        buffer[out.length < size ? out.length : size - 1] = 0;
    }
    return out.length;
}

size_t format_text(char *buffer, size_t size, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    size_t length = format_va(buffer, size, format, arguments);
    va_end(arguments);
    return length;
}
