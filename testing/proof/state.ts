// The state of the model: any number of isolates, colos, entries, responses, reads and copies.
// Numbers in comments and names are rules of docs/purge-protocol.md.
import {
  and,
  eq,
  every,
  implies,
  int,
  le,
  lt,
  minus,
  plus,
  rule,
  symbol,
  type Term,
} from "./formula.ts";

export const sorts = ["Isolate", "Colo", "Entry", "Response", "Read", "Copy"] as const;

// Constants. The clocks of a colo are `ahead` to `ahead` + `E` before the true time. A server that
// answers a read lacks no kept entry that is older than `L`. Times are in milliseconds.
export const A = symbol("", "Int", "A")();
export const E = symbol("", "Int", "E")();
export const L = symbol("", "Int", "L")();
export const N = symbol("Response", "Int", "N");
export const ahead = symbol("Colo", "Int", "ahead");
export const coloOf = symbol("Isolate", "Colo", "coloOf");
export const covers = symbol("Entry Response", "Bool", "covers");
export const isHard = symbol("Entry", "Bool", "isHard");
export const isMark = symbol("Entry", "Bool", "isMark");
/** The lost entry that a mark names. A mark that begins a journal names itself. */
export const marks = symbol("Entry", "Entry", "marks");

/** One more than the number of the entry before. */
export const number = symbol("Entry", "Int", "number");
/** The entry's date, by the journal's clock. */
export const position = symbol("Entry", "Int", "position");

/** The true time. */
export const now = symbol("", "Int", "now")();

// Entries form a tree, because a loss sends the journal back. `upTo(x, y)`: x is y or precedes it.
export const upTo = symbol("Entry Entry", "Bool", "upTo");
export const appendedAt = symbol("Entry", "Int", "appendedAt");
export const isAccepted = symbol("Entry", "Bool", "isAccepted");
export const acceptedAt = symbol("Entry", "Int", "acceptedAt");
/** The journal has had the entry without a break since it was appended. */
export const isKept = symbol("Entry", "Bool", "isKept");
export const isFilled = symbol("", "Bool", "isFilled")();
export const newest = symbol("", "Entry", "newest")();

// The promise holds for an entry that `counts`, and from `countsFrom`. Its witness is a kept entry
// that purges as much: the entry itself, the mark of its loss, or the entry appended again.
export const counts = symbol("Entry", "Bool", "counts");
export const countsFrom = symbol("Entry", "Int", "countsFrom");
export const witness = symbol("Entry", "Entry", "witness");

// A view is the path from `floor` to `end`. Its read was sent at `sentAt` by the isolate's clock, and
// at the true time `sentTrue`. The same pairs of times follow below.
export const hasView = symbol("Isolate", "Bool", "hasView");
export const floor = symbol("Isolate", "Entry", "floor");
export const end = symbol("Isolate", "Entry", "end");
export const sentAt = symbol("Isolate", "Int", "sentAt");
export const sentTrue = symbol("Isolate", "Int", "sentTrue");

// The isolate has accepted the entry, and applies it beside its view. It `owes` obedience from then on
// until its view has dropped the entry.
export const applies = symbol("Isolate Entry", "Bool", "applies");
export const owes = symbol("Isolate Entry", "Bool", "owes");

// A read that `reader` sent when its view, if it had one, ended with `base`. A server has shown the
// path from `readFirst` to `readLast`, the names in a whole book from `readNamed` on, and lineages from
// `readLined` on. Those before were dropped for room.
export const isSent = symbol("Read", "Bool", "isSent");
export const reader = symbol("Read", "Isolate", "reader");
export const isBased = symbol("Read", "Bool", "isBased");
export const base = symbol("Read", "Entry", "base");
export const readAt = symbol("Read", "Int", "readAt");
export const readTrue = symbol("Read", "Int", "readTrue");
export const isServed = symbol("Read", "Bool", "isServed");
export const isPrimary = symbol("Read", "Bool", "isPrimary");
/** The last page was not full. */
export const hasEnded = symbol("Read", "Bool", "hasEnded");
export const readFirst = symbol("Read", "Entry", "readFirst");
export const readLast = symbol("Read", "Entry", "readLast");
export const readNamed = symbol("Read", "Entry", "readNamed");
export const readLined = symbol("Read", "Entry", "readLined");

export const isCopied = symbol("Copy", "Bool", "isCopied");
export const copyColo = symbol("Copy", "Colo", "copyColo");
export const copyFloor = symbol("Copy", "Entry", "copyFloor");
export const copyEnd = symbol("Copy", "Entry", "copyEnd");
export const copyAt = symbol("Copy", "Int", "copyAt");
export const copyTrue = symbol("Copy", "Int", "copyTrue");

// A response: a page, a value or a field. Once generated, any isolate may find it at any time.
export const isRequested = symbol("Response", "Bool", "isRequested");
export const isGenerated = symbol("Response", "Bool", "isGenerated");
export const requester = symbol("Response", "Isolate", "requester");
export const hasStamp = symbol("Response", "Bool", "hasStamp");
export const stamp = symbol("Response", "Entry", "stamp");
export const hasColo = symbol("Response", "Bool", "hasColo");
export const bodyColo = symbol("Response", "Colo", "bodyColo");
export const bodyAt = symbol("Response", "Int", "bodyAt");
export const bodyTrue = symbol("Response", "Int", "bodyTrue");
/** The request has the validator of the response that it validates. */
export const isConditional = symbol("Response", "Bool", "isConditional");
export const validates = symbol("Response", "Response", "validates");
/** The entry covers the response, whose content is from before the entry. */
export const isBefore = symbol("Response Entry", "Bool", "isBefore");

export const isAppended = (entry: Term): Term => upTo(entry, entry);

/** The entry is the mark that begins a journal. */
export const begins = (entry: Term): Term => and(isMark(entry), eq(marks(entry), entry));

export const isBetween = (first: Term, entry: Term, last: Term): Term =>
  and(upTo(first, entry), upTo(entry, last));

/** A clock of the colo may show `reading` at the true time `at`. */
export const shows = (colo: Term, reading: Term, at: Term): Term =>
  and(
    le(ahead(colo), minus(reading, at)),
    rule("assumed: clocks", le(minus(reading, at), plus(ahead(colo), E))),
  );

/** The isolate's clock may show `reading` now. */
export const reads = (isolate: Term, reading: Term): Term => shows(coloOf(isolate), reading, now);

/** The path to `last` has every kept entry that was appended before `at`, less a replica's lag. */
export const knowsAllAt = (last: Term, at: Term): Term =>
  every("Entry", (e) => implies(and(isKept(e), lt(appendedAt(e), minus(at, L))), upTo(e, last)));

/** 7: `instant` is at most N − A ago, and at most A ahead. */
export const isRecent = (reading: Term, instant: Term, response: Term): Term =>
  and(
    rule("7 ahead", le(minus(instant, reading), A)),
    le(minus(reading, instant), minus(N(response), A)),
  );

export const zero = int(0);
