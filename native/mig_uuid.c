/* Copyright (c) 2026, the nvmock.gpu authors
 * SPDX-License-Identifier: Apache-2.0 */
/* The UUID of a MIG device, which follows from its GPU's and its ids: version 5 of RFC 9562, as machine/identity.py makes it. */
#include "state_mig.h"
#include "text.h"

enum { BLOCK = 64, HASH = 20, UUID = 16, NAME = 160 };

static uint32_t rotated(uint32_t word, int count)
{
    return word << count | word >> (32 - count);
}

/* One block of SHA-1 (FIPS 180-4). */
static void add_block(uint32_t state[5], const unsigned char block[BLOCK])
{
    uint32_t words[80], a = state[0], b = state[1], c = state[2], d = state[3], e = state[4];
    int i;
    for (i = 0; i < 16; i++)
        words[i] = (uint32_t)block[4 * i] << 24 | (uint32_t)block[4 * i + 1] << 16 | (uint32_t)block[4 * i + 2] << 8 | block[4 * i + 3];
    for (; i < 80; i++)
        words[i] = rotated(words[i - 3] ^ words[i - 8] ^ words[i - 14] ^ words[i - 16], 1);
    for (i = 0; i < 80; i++) {
        uint32_t f = i < 20 ? (b & c) | (~b & d) : i < 40 ? b ^ c ^ d : i < 60 ? (b & c) | (b & d) | (c & d) : b ^ c ^ d;
        uint32_t k = i < 20 ? 0x5a827999 : i < 40 ? 0x6ed9eba1 : i < 60 ? 0x8f1bbcdc : 0xca62c1d6;
        uint32_t next = rotated(a, 5) + f + e + k + words[i];
        e = d;
        d = c;
        c = rotated(b, 30);
        b = a;
        a = next;
    }
    state[0] += a;
    state[1] += b;
    state[2] += c;
    state[3] += d;
    state[4] += e;
}

static void hash(const unsigned char *data, size_t length, unsigned char out[HASH])
{
    uint32_t state[5] = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0};
    unsigned char block[BLOCK];
    size_t at = 0, i;
    int ended = 0, counted = 0;
    while (!counted) {
        for (i = 0; i < BLOCK && at < length; i++)
            block[i] = data[at++];
        if (i < BLOCK && !ended) {
            block[i++] = 0x80;
            ended = 1;
        }
        counted = ended && i <= BLOCK - 8;
        for (; i < BLOCK; i++)
            block[i] = counted && i >= BLOCK - 8 ? (unsigned char)((uint64_t)length * 8 >> 8 * (BLOCK - 1 - i)) : 0;
        add_block(state, block);
    }
    for (i = 0; i < HASH; i++)
        out[i] = (unsigned char)(state[i / 4] >> 8 * (3 - i % 4));
}

void mig_uuid(const char *gpu_uuid, unsigned instance, unsigned compute, char out[41])
{
    /* The name space of everything that is derived, a UUID of the DNS name nvmock.gpu. */
    static const unsigned char space[UUID] = {
        0x29, 0x63, 0x30, 0xb2, 0x37, 0xce, 0x50, 0xfb, 0xa4, 0x94, 0xf1, 0xd5, 0x75, 0xc4, 0x54, 0x24};
    static const char digits[] = "0123456789abcdef";
    unsigned char data[UUID + NAME], sum[HASH];
    char what[64], first[21], second[21];
    size_t length = UUID, i;
    join(what, sizeof what, "mig/", decimal(instance, first), "/", decimal(compute, second), NULL);
    for (i = 0; i < UUID; i++)
        data[i] = space[i];
    for (i = 0; gpu_uuid[i] && length < sizeof data - sizeof what; i++)
        data[length++] = (unsigned char)gpu_uuid[i];
    data[length++] = 0;
    for (i = 0; what[i]; i++)
        data[length++] = (unsigned char)what[i];
    hash(data, length, sum);
    sum[6] = (unsigned char)((sum[6] & 0x0f) | 0x50);
    sum[8] = (unsigned char)((sum[8] & 0x3f) | 0x80);
    join(out, 41, "MIG-", NULL);
    for (out += 4, i = 0; i < UUID; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            *out++ = '-';
        *out++ = digits[sum[i] >> 4];
        *out++ = digits[sum[i] & 15];
    }
    *out = 0;
}
