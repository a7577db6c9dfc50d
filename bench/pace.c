/* A crowd that does not wait: requests at a constant rate, each one's time counted from when it was due.

       pace FILE PORT CONNECTIONS RATE SECONDS WARM WARM_RATE TICK        prints one JSON object

   A generator that sends the next request only after an answer is slowed down by the very delays that it should show.
   Here a request that finds every connection busy waits, and its waiting counts. In C, because a slower one shows its
   own delays. FILE has one request on each line, its line ends written as \r\n. Before the SECONDS there are WARM more,
   at a rate of their own, which are not counted. Connections take turns. One that is closed while it owes no answer is
   opened anew. TICK: seconds between two looks at the clock and the connections, 0 for always at once; to be woken for
   each request costs more than the request, and the app on the same core would be short of time. */

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

enum { HEAD = 8192, PIECE = 1 << 18, EVENTS = 512, STATUSES = 600 };
static const double PATIENCE = 20.0;

struct line { /* a connection that carries one request at a time */
    int fd, status, waits, kept; /* waits: for an answer, since `due` */
    size_t had, left; /* bytes of a head that is not whole; of a body that is still to come */
    double due, since; /* since: when it became free, or sent what it waits for */
    struct line *next;
    char head[HEAD];
};
struct text { char *data; size_t size; };
struct times { double *each; size_t count, room; };

static struct line *first, *last;
static struct times by_status[STATUSES], from_sending[STATUSES], late;
static struct sockaddr_in proxy;
static int epoll;
static size_t answered, renewed, lost;
static double counted_from;

static double rate, warm_rate;
static size_t before; /* requests of the time that does not count */

static void die(const char *what) {
    fprintf(stderr, "%s: %s\n", what, strerror(errno));
    exit(1);
}

static double now(void) {
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    return at.tv_sec + at.tv_nsec * 1e-9;
}

static double when(size_t number) {
    return number < before ? counted_from - (before - number) / warm_rate : counted_from + (number - before) / rate;
}

static void keep(struct times *times, double seconds) {
    if (times->count == times->room) {
        times->room = times->room ? 2 * times->room : 4096;
        times->each = realloc(times->each, times->room * sizeof *times->each);
        if (!times->each) die("memory");
    }
    times->each[times->count++] = seconds;
}

static int order(const void *one, const void *other) {
    double a = *(const double *)one, b = *(const double *)other;
    return (a > b) - (a < b);
}

static double at(const struct times *times, double share) {
    return times->count ? times->each[(size_t)(share * (times->count - 1))] : 0.0;
}

static void to_rest(struct line *line) {
    line->waits = 0;
    line->since = now();
    line->next = NULL;
    if (last) last->next = line; else first = line;
    last = line;
}

static void dial(struct line *line) {
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = line};
    int yes = 1;
    line->fd = socket(AF_INET, SOCK_STREAM, 0);
    if (line->fd < 0 || connect(line->fd, (struct sockaddr *)&proxy, sizeof proxy)) die("connect");
    setsockopt(line->fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    if (epoll_ctl(epoll, EPOLL_CTL_ADD, line->fd, &event)) die("epoll_ctl");
    line->had = line->left = 0;
    line->status = 0;
}

static void redial(struct line *line) {
    close(line->fd);
    renewed++;
    dial(line);
}

static struct text *requests(const char *name, size_t *count) {
    FILE *file = fopen(name, "r");
    struct text *all = NULL;
    char *row = NULL;
    size_t room = 0;
    ssize_t size;
    if (!file) die(name);
    while ((size = getline(&row, &room, file)) > 0) {
        char *to = row;
        for (char *from = row; *from && *from != '\n';) {
            if (!strncmp(from, "\\r\\n", 4)) {
                *to++ = '\r', *to++ = '\n', from += 4;
            } else {
                *to++ = *from++;
            }
        }
        all = realloc(all, (*count + 1) * sizeof *all);
        if (!all) die("memory");
        all[*count].size = to - row;
        all[(*count)++].data = memcpy(malloc(to - row), row, to - row);
    }
    fclose(file);
    free(row);
    if (!*count) die("no request");
    return all;
}

static void done(struct line *line) {
    if (line->due >= counted_from) {
        keep(&by_status[line->status], now() - line->due);
        keep(&from_sending[line->status], now() - line->since);
    }
    answered++;
    line->status = 0;
    if (!line->kept) redial(line);
    to_rest(line);
}

/* A whole head stands in line->head: status, length, whether the connection stays. */
static void understand(struct line *line) {
    char *length = strcasestr(line->head, "\r\ncontent-length:");
    int status = strncmp(line->head, "HTTP/1.1 ", 9) ? 0 : atoi(line->head + 9);
    if (status < 200 || status >= STATUSES || !length) {
        fprintf(stderr, "not an answer with a length: %.200s\n", line->head);
        exit(1);
    }
    line->status = status;
    line->left = strtoull(length + 17, NULL, 10);
    line->kept = !strcasestr(line->head, "\r\nconnection: close");
}

static void take(struct line *line, const char *data, size_t size) {
    while (size && !line->status) { /* byte for byte would do; heads come in one piece nearly always */
        size_t room = HEAD - 1 - line->had, piece = size < room ? size : room;
        memcpy(line->head + line->had, data, piece);
        line->head[line->had + piece] = 0;
        char *end = strstr(line->head, "\r\n\r\n");
        if (!end) {
            if (piece == room) die("head too long");
            line->had += piece;
            return;
        }
        size_t used = end + 4 - line->head - line->had;
        end[2] = 0;
        line->had = 0;
        understand(line);
        data += used, size -= used;
    }
    if (size > line->left) {
        fprintf(stderr, "more than was asked for: %.100s\n", data);
        exit(1);
    }
    line->left -= size;
    if (line->status && !line->left) done(line);
}

static void readable(struct line *line) {
    static char piece[PIECE];
    ssize_t size = recv(line->fd, piece, sizeof piece, MSG_DONTWAIT);
    if (size < 0 && errno == EAGAIN) return;
    if (size > 0) {
        if (!line->waits) die("an answer that nobody asked for");
        take(line, piece, size);
        return;
    }
    redial(line);
    if (line->waits) { /* its request went down with it */
        lost++;
        answered++;
        to_rest(line);
    }
}

static void print(int status, struct times *times, struct times *sent) {
    static const char *comma = "";
    qsort(times->each, times->count, sizeof *times->each, order);
    qsort(sent->each, sent->count, sizeof *sent->each, order);
    printf("%s\"%d\": {\"count\": %zu, \"p50\": %.7f, \"p99\": %.7f, \"worst\": %.7f, ", comma, status, times->count,
           at(times, 0.5), at(times, 0.99), at(times, 1.0));
    printf("\"sent_p50\": %.7f, \"sent_p99\": %.7f}", at(sent, 0.5), at(sent, 0.99));
    comma = ", ";
}

int main(int count, char **words) {
    struct rlimit files;
    struct epoll_event events[EVENTS];
    size_t known = 0, sent = 0;
    if (count != 9) die("pace FILE PORT CONNECTIONS RATE SECONDS WARM WARM_RATE TICK");
    struct text *all = requests(words[1], &known);
    int connections = atoi(words[3]);
    double seconds = atof(words[5]), warm = atof(words[6]), tick = atof(words[8]);
    rate = atof(words[4]), warm_rate = atof(words[7]), before = warm * warm_rate;
    size_t total = before + (size_t)(rate * seconds);
    proxy = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(atoi(words[2]))};
    proxy.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    prctl(PR_SET_TIMERSLACK, 1000UL);
    /* It shares its core with the app: what is due goes out before the app's next turn. Only root may ask for that. */
    if(0) sched_setscheduler(0, SCHED_FIFO, &(struct sched_param){.sched_priority = 1});
    epoll = epoll_create1(0);
    struct line *lines = calloc(connections, sizeof *lines);
    if (!lines) die("memory");
    for (int number = 0; number < connections; number++) {
        dial(&lines[number]);
        to_rest(&lines[number]);
    }
    double begun = now() + 0.05;
    counted_from = begun + warm;
    while (answered < total) {
        double moment = now(), due = when(sent);
        while (sent < total && first && due <= moment) {
            struct line *line = first;
            struct text *request = &all[sent % known];
            if (!(first = line->next)) last = NULL;
            line->due = due;
            line->waits = 1;
            if (send(line->fd, request->data, request->size, MSG_NOSIGNAL) != (ssize_t)request->size) {
                redial(line);
                if (send(line->fd, request->data, request->size, MSG_NOSIGNAL) < 0) die("send");
            }
            moment = now();
            if (due >= counted_from) keep(&late, moment - (due > line->since ? due : line->since));
            line->since = moment;
            sent++;
            due = when(sent);
        }
        if (moment > counted_from + seconds + PATIENCE) break;
        double pause = tick > 0 ? tick : sent < total && first ? due - moment : 0.1;
        struct timespec wait = {.tv_nsec = pause > 0 ? pause * 1e9 : 0};
        if (tick > 0) {
            nanosleep(&wait, NULL);
            wait.tv_nsec = 0;
        }
        int ready;
        do {
            ready = epoll_pwait2(epoll, events, EVENTS, &wait, NULL);
            if (ready < 0 && errno != EINTR) die("epoll");
            for (int number = 0; number < ready; number++) readable(events[number].data.ptr);
            wait.tv_nsec = 0;
        } while (ready == EVENTS);
    }
    printf("{\"answers\": {");
    for (int status = 200; status < STATUSES; status++) {
        if (by_status[status].count) print(status, &by_status[status], &from_sending[status]);
    }
    qsort(late.each, late.count, sizeof *late.each, order);
    printf("}, \"late\": %.7f, \"renewed\": %zu, \"lost\": %zu, \"unanswered\": %zu}\n", at(&late, 0.99),
           renewed, lost, total - answered);
    return 0;
}
