/*
 * Makes a model as people publish them: `demo_model DIR` writes config, tokenizer and a sharded safetensors file of
 * about 575 MiB below DIR. The same bytes each time.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "demo_model.h"

enum { HIDDEN = 1024, INTERMEDIATE = 4096, VOCABULARY = 32000, LAYERS = 16, SHARDS = 4, MOST_TENSORS = 256 };

typedef struct tensor {
    char name[96];
    int rows, columns; /* columns is 0 for a vector */
    int shard;         /* from 1 */
} tensor;

static tensor tensors[MOST_TENSORS];
static int tensor_count;
static const char *folder;

static void fail(const char *what) {
    fprintf(stderr, "demo_model: %s: %s\n", what, strerror(errno));
    exit(1);
}

static FILE *create(const char *name) {
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "wb");
    if (!file)
        fail(path);
    return file;
}

static void finish(FILE *file, const char *name) {
    if (ferror(file) || fclose(file) != 0)
        fail(name);
}

static void write_text(const char *name, const char *text) {
    FILE *file = create(name);
    fputs(text, file);
    finish(file, name);
}

static uint64_t byte_size(const tensor *t) {
    return 2u * (uint64_t)t->rows * (uint64_t)(t->columns ? t->columns : 1);
}

static void add(int shard, int rows, int columns, const char *format, ...) {
    tensor *t = &tensors[tensor_count++];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(t->name, sizeof t->name, format, arguments);
    va_end(arguments);
    t->rows = rows;
    t->columns = columns;
    t->shard = shard;
}

static void lay_out_tensors(void) {
    add(1, VOCABULARY, HIDDEN, "model.embed_tokens.weight");
    for (int i = 0; i < LAYERS; i++) {
        int shard = 1 + i * SHARDS / LAYERS;
        add(shard, HIDDEN, 0, "model.layers.%d.input_layernorm.weight", i);
        add(shard, HIDDEN, INTERMEDIATE, "model.layers.%d.mlp.down_proj.weight", i);
        add(shard, INTERMEDIATE, HIDDEN, "model.layers.%d.mlp.gate_proj.weight", i);
        add(shard, INTERMEDIATE, HIDDEN, "model.layers.%d.mlp.up_proj.weight", i);
        add(shard, HIDDEN, 0, "model.layers.%d.post_attention_layernorm.weight", i);
        add(shard, HIDDEN, HIDDEN, "model.layers.%d.self_attn.k_proj.weight", i);
        add(shard, HIDDEN, HIDDEN, "model.layers.%d.self_attn.o_proj.weight", i);
        add(shard, HIDDEN, HIDDEN, "model.layers.%d.self_attn.q_proj.weight", i);
        add(shard, HIDDEN, HIDDEN, "model.layers.%d.self_attn.v_proj.weight", i);
    }
    add(SHARDS, HIDDEN, 0, "model.norm.weight");
}

/* A safetensors file: the header's length in 8 bytes, the header as JSON, the data. */
static void write_shard(int shard) {
    static char header[1 << 16];
    char name[64];
    size_t length = 0;
    uint64_t offset = 0;

    length += (size_t)sprintf(header + length, "{\"__metadata__\":{\"format\":\"pt\"}");
    for (int i = 0; i < tensor_count; i++) {
        const tensor *t = &tensors[i];
        if (t->shard != shard)
            continue;
        length += (size_t)sprintf(header + length, ",\"%s\":{\"dtype\":\"BF16\",\"shape\":[%d", t->name, t->rows);
        if (t->columns)
            length += (size_t)sprintf(header + length, ",%d", t->columns);
        length += (size_t)sprintf(header + length, "],\"data_offsets\":[%llu,%llu]}",
                                  (unsigned long long)offset, (unsigned long long)(offset + byte_size(t)));
        offset += byte_size(t);
    }
    header[length++] = '}';
    while (length % 8)
        header[length++] = ' ';

    snprintf(name, sizeof name, "model-%05d-of-%05d.safetensors", shard, SHARDS);
    FILE *file = create(name);
    unsigned char prefix[8];
    for (int i = 0; i < 8; i++)
        prefix[i] = (unsigned char)(length >> (8 * i));
    fwrite(prefix, 1, sizeof prefix, file);
    fwrite(header, 1, length, file);
    for (int i = 0; i < tensor_count; i++) {
        if (tensors[i].shard != shard)
            continue;
        static uint64_t buffer[1 << 15];
        weights stream = weights_of(tensors[i].name);
        for (uint64_t left = byte_size(&tensors[i]); left;) {
            uint64_t bytes = left < sizeof buffer ? left : sizeof buffer;
            for (uint64_t word = 0; word < bytes / 8; word++)
                buffer[word] = weights_next(&stream);
            if (fwrite(buffer, 1, bytes, file) != bytes)
                fail(name);
            left -= bytes;
        }
    }
    finish(file, name);
}

static void write_index(void) {
    FILE *file = create("model.safetensors.index.json");
    unsigned long long total = 0;
    for (int i = 0; i < tensor_count; i++)
        total += byte_size(&tensors[i]);
    fprintf(file, "{\n  \"metadata\": {\n    \"total_size\": %llu\n  },\n  \"weight_map\": {", total);
    for (int i = 0; i < tensor_count; i++)
        fprintf(file, "%s\n    \"%s\": \"model-%05d-of-%05d.safetensors\"", i ? "," : "", tensors[i].name,
                tensors[i].shard, SHARDS);
    fputs("\n  }\n}\n", file);
    finish(file, "model.safetensors.index.json");
}

static void write_tokenizer(void) {
    FILE *file = create("tokenizer.json");
    fputs("{\n  \"version\": \"1.0\",\n  \"model\": {\n    \"type\": \"BPE\",\n    \"vocab\": {\n"
          "      \"<unk>\": 0,\n      \"<s>\": 1,\n      \"</s>\": 2",
          file);
    for (int id = 3; id < VOCABULARY; id++)
        fprintf(file, ",\n      \"token_%d\": %d", id, id);
    fputs("\n    },\n    \"merges\": []\n  }\n}\n", file);
    finish(file, "tokenizer.json");
}

int main(int argc, char **argv) {
    if (argc != 2) {
        fprintf(stderr, "usage: demo_model DIR\n");
        return 2;
    }
    folder = argv[1];
    lay_out_tensors();
    write_text(".gitattributes", "*.safetensors filter=lfs diff=lfs merge=lfs -text\n");
    write_text("README.md", "---\nlicense: apache-2.0\n---\n# hfx demo\n\nNumbers that look like a model.\n");
    write_text("config.json",
               "{\n  \"architectures\": [\"LlamaForCausalLM\"],\n  \"hidden_size\": 1024,\n"
               "  \"intermediate_size\": 4096,\n  \"model_type\": \"llama\",\n  \"num_attention_heads\": 16,\n"
               "  \"num_hidden_layers\": 16,\n  \"tie_word_embeddings\": true,\n  \"torch_dtype\": \"bfloat16\",\n"
               "  \"vocab_size\": 32000\n}\n");
    write_text("generation_config.json", "{\n  \"bos_token_id\": 1,\n  \"eos_token_id\": 2\n}\n");
    write_text("tokenizer_config.json",
               "{\n  \"bos_token\": \"<s>\",\n  \"eos_token\": \"</s>\",\n  \"unk_token\": \"<unk>\"\n}\n");
    write_tokenizer();
    write_index();
    for (int shard = 1; shard <= SHARDS; shard++)
        write_shard(shard);
    return 0;
}
