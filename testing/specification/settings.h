/* The bounds of one run: constants of the protocol, and limits of the exhaustive search. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * Times are ticks in the exhaustive search, and milliseconds in traces. The limits from `isolates` on
 * concern only the exhaustive search.
 */
#define SETTINGS(X) \
  X(usual_lag)      /* N */ \
  X(allowance)      /* A */ \
  X(kept)           /* the entries that trimming leaves */ \
  X(lined)          /* the entries whose lineages are kept */ \
  X(held)           /* the entries that a view holds at most */ \
  X(read_back)      /* the wait before an accepted entry is read back */ \
  X(read_back_again)/* the wait before a second read-back */ \
  X(isolates)       /* the number of isolates */ \
  X(entries)        /* entries at the end, marks included */ \
  X(purges)         /* purges of the page */ \
  X(elsewhere)      /* purges of other pages */ \
  X(losses)         /* fail-overs and emptied journals */ \
  X(recurring)      /* 1: after a loss, positions occur again */ \
  X(one_purger)     /* 1: only the last isolate accepts purges */ \
  X(repeats)        /* 1: senders repeat webhooks at other isolates */

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
