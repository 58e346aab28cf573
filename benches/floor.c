/* The floor: what a file costs when nothing but its bytes is looked after. `floor HOST PORT PATH SIZE OUT [CA.PEM]` fetches
 * it over CONNECTIONS raw sockets, a range each, with positioned writes; with a CA by TLS 1.3 of OpenSSL. No hash, no retry,
 * no resume, no check but the length. Of use to compare with, and for nothing else. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <netdb.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CONNECTIONS = 4, BUFFER = 256 << 10 };

static const char *host, *port, *path;
static SSL_CTX *context;
static int out;

struct range {
    off_t from, to; /* The end is not in it. */
};

static void must(int truth, const char *what) {
    if (truth)
        return;
    perror(what);
    ERR_print_errors_fp(stderr);
    exit(1);
}

static int dial(void) {
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *found;
    must(getaddrinfo(host, port, &hints, &found) == 0, "resolve");
    int fd = socket(found->ai_family, found->ai_socktype, 0);
    must(fd >= 0 && connect(fd, found->ai_addr, found->ai_addrlen) == 0, "connect");
    freeaddrinfo(found);
    return fd;
}

static ssize_t receive(int fd, SSL *ssl, char *buffer, size_t room) {
    return ssl ? SSL_read(ssl, buffer, (int)room) : recv(fd, buffer, room, 0);
}

static void *fetch(void *of) {
    struct range *range = of;
    int fd = dial();
    SSL *ssl = NULL;
    if (context) {
        ssl = SSL_new(context);
        must(ssl && SSL_set_fd(ssl, fd) == 1 && SSL_connect(ssl) == 1, "TLS");
    }
    char *buffer = malloc(BUFFER);
    must(buffer != NULL, "memory");
    int length = snprintf(buffer, BUFFER, "GET %s HTTP/1.1\r\nHost: %s\r\nRange: bytes=%lld-%lld\r\n\r\n", path, host,
                          (long long)range->from, (long long)range->to - 1);
    must((ssl ? SSL_write(ssl, buffer, length) : send(fd, buffer, (size_t)length, 0)) == length, "send");
    size_t have = 0;
    char *body = NULL;
    while (!body) {
        ssize_t got = receive(fd, ssl, buffer + have, BUFFER - 1 - have);
        must(got > 0, "head");
        have += (size_t)got;
        buffer[have] = 0;
        body = strstr(buffer, "\r\n\r\n");
    }
    must(strncmp(buffer, "HTTP/1.1 206", 12) == 0, "not 206");
    body += 4;
    off_t at = range->from;
    ssize_t got = (ssize_t)(have - (size_t)(body - buffer));
    while (got > 0) {
        must(pwrite(out, body, (size_t)got, at) == got, "write");
        at += got;
        off_t left = range->to - at;
        if (left == 0)
            break;
        body = buffer;
        got = receive(fd, ssl, buffer, left < BUFFER ? (size_t)left : BUFFER);
    }
    must(at == range->to, "it ended early");
    close(fd);
    SSL_free(ssl);
    free(buffer);
    return NULL;
}

int main(int argc, char **argv) {
    if (argc < 6)
        return 2;
    host = argv[1], port = argv[2], path = argv[3];
    off_t size = atoll(argv[4]);
    if (argc > 6) {
        context = SSL_CTX_new(TLS_client_method());
        must(context && SSL_CTX_load_verify_locations(context, argv[6], NULL) == 1, "CA");
        SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
        SSL_CTX_set_read_ahead(context, 1);
        SSL_CTX_set_default_read_buffer_len(context, BUFFER);
    }
    out = open(argv[5], O_RDWR | O_CREAT | O_TRUNC, 0644);
    must(out >= 0 && ftruncate(out, size) == 0, "open");
    pthread_t threads[CONNECTIONS];
    struct range ranges[CONNECTIONS];
    for (int i = 0; i < CONNECTIONS; i++) {
        ranges[i] = (struct range){size / CONNECTIONS * i, i == CONNECTIONS - 1 ? size : size / CONNECTIONS * (i + 1)};
        must(pthread_create(&threads[i], NULL, fetch, &ranges[i]) == 0, "thread");
    }
    for (int i = 0; i < CONNECTIONS; i++)
        pthread_join(threads[i], NULL);
    return 0;
}
