/*
 * The weights of the demo's model: numbers that follow from a tensor's name, so that the program which loads a tensor
 * can know what the program which made the model had written.
 */
#ifndef DEMO_MODEL_H
#define DEMO_MODEL_H

#include <stdint.h>

/* A stream of BF16 numbers between 2^-7 and 2^-3, of both signs, as weights of a trained model look. */
typedef struct weights {
    uint64_t state;
} weights;

static weights weights_of(const char *tensor) {
    uint64_t hash = 14695981039346656037u;
    for (; *tensor; tensor++)
        hash = (hash ^ (unsigned char)*tensor) * 1099511628211u;
    weights start = {hash | 1};
    return start;
}

/* The next four numbers, in memory order. */
static uint64_t weights_next(weights *stream) {
    uint64_t x = stream->state;
    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    stream->state = x;
    return (x & 0x81ff81ff81ff81ffu) | 0x3c003c003c003c00u;
}

#endif
