/*
 * Plays recorded traces. The file has one JSON object a line: a trace begins with the constants of its
 * world, and each further line is an event, which must be a possible step.
 */
static const char *const field_names[] = {
#define X(name) #name,
    EVENT_FIELDS(X)
#undef X
};

enum {
#define X(name) name##_field,
  EVENT_FIELDS(X)
#undef X
  fields_count
};

typedef struct {
  int first_event, events_count;
  int constants[settings_count];
} Trace;

static Trace *traces;
static Event *events;
static int traces_count, events_count;

/* Traces also have what only the proof plays: responses, and further constants. */
static int named(const char *const *names, int count, const char *name) {
  for (int at = 0; at < count; at += 1)
    if (!strcmp(names[at], name)) return at;
  return -1;
}

static void *room_for(void *all, int count, size_t size) {
  if (count & (count - 1)) return all;
  void *more = realloc(all, (count ? 2 * count : 1) * size);
  if (!more) fail_hard("traces");
  return more;
}

static void note(int *numbers, int at) {
  int number = atoi(strtok(NULL, "{}\",:\n"));
  if (at >= 0) numbers[at] = number;
}

static void parse_trace(void) {
  char *word = strtok(NULL, "{}\",:\n");
  traces = room_for(traces, traces_count, sizeof *traces);
  Trace *it = &traces[traces_count++];
  memset(it, 0, sizeof *it);
  it->first_event = events_count;
  for (word = strtok(NULL, "{}\",:\n"); word; word = strtok(NULL, "{}\",:\n"))
    note(it->constants, named(setting_names, settings_count, word));
}

static void parse_event(void) {
  events = room_for(events, events_count, sizeof *events);
  Event *it = &events[events_count++];
  memset(it, 0, sizeof *it);
  it->step = named(step_names, load_step, strtok(NULL, "{}\",:\n"));
  for (char *word = strtok(NULL, "{}\",:\n"); word; word = strtok(NULL, "{}\",:\n"))
    note((int *)it, named(field_names, fields_count, word));
  traces[traces_count - 1].events_count += 1;
}

static void begin_traces(void) {
  static char line[4096];
  FILE *file = fopen(getenv("TRACES") ? getenv("TRACES") : "", "r");
  if (!file) fprintf(stderr, "TRACES names no file\n"), exit(2);
  drop(getenv("DROPPED_RULE"));
  while (fgets(line, sizeof line, file)) {
    char *word = strtok(line, "{}\",:\n");
    if (word && !strcmp(word, "trace")) parse_trace();
    else if (word) parse_event();
  }
  fclose(file);
  now.choices = traces_count;
}

/* Prints the event that is no possible step, and the rules against it. */
static void reject(int t, int at, int step) {
  printf("rejected %d %d %s", t, at, step_names[step]);
  for (int k = 0; k < refusals_count; k += 1)
    printf("%s%s", k ? ", " : ": ", rule_names[refusals[k]]);
  printf("\n");
}

/* Takes the step of an event, after the time until then. Returns whether both are possible. */
static int play(int t, int at) {
  Event next = events[traces[t].first_event + at];
  if (next.isolate >= ISOLATES) fail_hard("an event");
  if (next.at > now.time) {
    event = (Event){.step = wait_step, .at = next.at};
    if (!may_happen()) return reject(t, at, wait_step), 0;
    happen();
  }
  if (next.step < 0) return 1;
  event = next;
  if (next.at < now.time || !may_happen()) return reject(t, at, next.step), 0;
  happen();
  return 1;
}

static void play_trace(int t) {
  memcpy(settings, traces[t].constants, sizeof settings);
  for (int at = 0; at < traces[t].events_count; at += 1)
    if (!play(t, at)) return;
  printf("accepted %d\n", t);
}
