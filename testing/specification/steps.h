/* The steps of the protocol. Each has a condition, `may_…`, and an effect, `do_…`. */
#define STEPS(X) \
  X(wait) X(purge) X(mark) X(lose) X(withdraw) X(start) X(take) X(accept) X(answer_sender) X(ask) \
  X(send_back) X(send_append) X(serve) X(reply) X(miss) X(confirm) X(replace) X(load) X(restamp)

enum step {
  NO_STEP,
#define X(name) name##_step,
  STEPS(X)
#undef X
  steps_count
};

static const char *const step_names[] = {
    "",
#define X(name) #name,
    STEPS(X)
#undef X
};

static int (*const conditions[])(void) = {
    NULL,
#define X(name) may_##name,
    STEPS(X)
#undef X
};

static void (*const effects[])(void) = {
    NULL,
#define X(name) do_##name,
    STEPS(X)
#undef X
};

/* Returns whether the event is a possible step. If not, `refusals` has the rules against it. */
static int may_happen(void) {
  refusals_count = 0;
  return conditions[event.step]();
}

static void happen(void) { effects[event.step](); }

/* Prints a step while a counterexample is replayed. */
static int is_replayed = 0;

static void say(void) {
  if (!is_replayed) return;
  printf("%5d  isolate %d  %-13s", now.time, event.isolate, step_names[event.step]);
#define X(name) if (event.name && event.name != event.at) printf(" %s=%d", #name, event.name);
  EVENT_FIELDS(X)
#undef X
  printf("\n");
}
