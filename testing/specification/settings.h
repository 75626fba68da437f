/* The bounds of one run: constants of the protocol, and limits of the exhaustive search. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * Times are ticks in the exhaustive search, and milliseconds in traces. The limits from `slow` on
 * concern only the exhaustive search.
 */
#define SETTINGS(X) \
  X(usual_lag)      /* N of page 0 */ \
  X(quick_lag)      /* N of page 1 */ \
  X(allowance)      /* A */ \
  X(replica_lag)    /* L: the greatest age of what a replica returns */ \
  X(server_lag)     /* how far the database's clock may be behind */ \
  X(clock_error)    /* the greatest difference of two clocks in a colo */ \
  X(kept)           /* the entries that trimming leaves */ \
  X(lined)          /* the entries whose lineages are kept */ \
  X(held)           /* the entries that a view holds at most */ \
  X(read_back)      /* the wait before an accepted entry is read back */ \
  X(read_back_again)/* the wait before a second read-back */ \
  X(instant)        /* 1: a read-back and its append take no time */ \
  X(prompt)         /* 1: a reply that takes a tick is lost */ \
  X(slow)           /* 1: requests to the database and to the origin take time */ \
  X(isolates)       /* the number of isolates */ \
  X(colos)          /* 1: all isolates are in one colo; 2: each has its own */ \
  X(lead)           /* how far the clock of the first colo is ahead */ \
  X(first_entries)  /* the entries at the beginning */ \
  X(entries)        /* entries at the end, marks included */ \
  X(purges)         /* purges of the page */ \
  X(soft)           /* 1: purges may be soft */ \
  X(elsewhere)      /* purges of other pages */ \
  X(records)        /* responses of the origin */ \
  X(cached)         /* the greatest age of an answer, from a cache before the origin */ \
  X(validations)    /* requests to the origin with a validator */ \
  X(losses)         /* fail-overs and emptied journals */ \
  X(harms)          /* losses of the book or of the lineages alone */ \
  X(turns)          /* steps of clocks */ \
  X(turn)           /* the size of a step of a clock, in ticks */ \
  X(restarts)       /* isolates that are replaced */ \
  X(copies)         /* 1: isolates share copies of views in their colo */ \
  X(shared)         /* 1: one tier keeps a body beside its metadata */ \
  X(recurring)      /* 1: after a loss, positions occur again */ \
  X(books)          /* 1: isolates ask the book about unknown stamps; 2: they judge them by epochs */ \
  X(confirms)       /* 1: no reply to an append is lost */ \
  X(one_purger)     /* 1: only the last isolate accepts purges */ \
  X(one_loader)     /* 1: only the first isolate loads responses */ \
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
