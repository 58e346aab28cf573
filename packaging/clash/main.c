/*
 * A program that links OpenSSL, another Rust library and libhfx.a, and has functions of its own with names that parts of
 * libhfx have: it downloads a file, hashes it with OpenSSL and prints the digest.
 */
#include <hfx.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>

int other_catches(void);

/* Names from aws-lc's assembler, taken by the host. Nobody else may call them. */
void mldsa_ntt(void) { abort(); }
void sha3_keccak4_f1600(void) { abort(); }
void aws_lc_0_0_0_SSL_new(void) { abort(); }

int main(int argc, char **argv) {
    hfx_error *error = NULL;
    hfx_options *options = NULL;
    hfx_client *client = NULL;
    hfx_repo *repo = NULL;
    hfx_job *job = NULL;
    hfx_file *file = NULL;
    hfx_map *map = NULL;
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned int length = 0;

    SSL_CTX *ssl = SSL_CTX_new(TLS_client_method());
    if (argc != 3 || !ssl || other_catches() != 1)
        return 2;
    if (hfx_options_from_env(&options, &error) || hfx_client_open(options, &client, &error)
        || hfx_repo_new(HFX_REPO_MODEL, argv[1], NULL, &repo, &error)
        || hfx_client_download_file(client, repo, argv[2], NULL, &job, &error) || hfx_job_wait(job, -1, NULL, &error)
        || hfx_job_take_file(job, &file, &error)
        || hfx_map_open(hfx_file_path(file), HFX_MAP_READ, &map, &error)) {
        fprintf(stderr, "%s\n", hfx_error_message(error));
        return 1;
    }
    if (!EVP_Digest(hfx_map_data(map), hfx_map_length(map), digest, &length, EVP_sha256(), NULL))
        return 1;
    for (unsigned int i = 0; i < length; i++)
        printf("%02x", digest[i]);
    putchar('\n');
    hfx_map_free(map);
    hfx_file_free(file);
    hfx_job_free(job);
    hfx_repo_free(repo);
    hfx_client_free(client);
    hfx_options_free(options);
    SSL_CTX_free(ssl);
    return other_catches() == 1 ? 0 : 1;
}
