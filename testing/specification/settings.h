/* The bounds of one run: constants of the protocol, and limits of the exhaustive search. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * Times are ticks in the exhaustive search, and milliseconds in traces. The limits from `slow` on
 * concern only the exhaustive search.
 */
#define SETTINGS(X) \
  X(usual_lag)      /* N */ \
  X(allowance)      /* A */ \
  X(replica_lag)    /* L: the greatest age of what a replica returns */ \
  X(kept)           /* the entries that trimming leaves */ \
  X(lined)          /* the entries whose lineages are kept */ \
  X(held)           /* the entries that a view holds at most */ \
  X(read_back)      /* the wait before an accepted entry is read back */ \
  X(read_back_again)/* the wait before a second read-back */ \
  X(instant)        /* 1: a read-back and its append take no time */ \
  X(prompt)         /* 1: a reply that takes a tick is lost */ \
  X(slow)           /* 1: requests to the database and to the origin take time */ \
  X(isolates)       /* the number of isolates */ \
  X(first_entries)  /* the entries at the beginning */ \
  X(entries)        /* entries at the end, marks included */ \
  X(purges)         /* purges of the page */ \
  X(elsewhere)      /* purges of other pages */ \
  X(losses)         /* fail-overs and emptied journals */ \
  X(harms)          /* losses of the lineages alone */ \
  X(recurring)      /* 1: after a loss, positions occur again */ \
  X(confirms)       /* 1: no reply to an append is lost */ \
  X(one_purger)     /* 1: only the last isolate accepts purges */ \
  X(repeats)        /* 1: senders repeat webhooks at other isolates */ \
  X(reads)          /* the reads of one isolate that are under way at once */ \
  X(warm)           /* 1: the views know the first entries at the beginning */

enum setting {
#define X(name) name##_setting,
  SETTINGS(X)
#undef X
  settings_count
};

static const char *const setting_names[] = {
#define X(name) #name,
    SETTINGS(X)
#undef X
};

static int settings[settings_count];

#define SET(name) settings[name##_setting]

/* Reads `name=value` pairs, separated by spaces. */
static void configure(const char *text) {
  char copy[2048];
  snprintf(copy, sizeof copy, "%s", text ? text : "");
  for (char *word = strtok(copy, " "); word; word = strtok(NULL, " ")) {
    char *value = strchr(word, '=');
    int at = 0;
    if (!value) continue;
    *value = 0;
    while (at < settings_count && strcmp(setting_names[at], word)) at += 1;
    if (at < settings_count) settings[at] = atoi(value + 1);
    else fprintf(stderr, "unknown setting %s\n", word), exit(2);
  }
}
