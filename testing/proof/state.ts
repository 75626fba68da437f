// The state of the model: any number of isolates, colos, entries, responses, reads and copies.
// Numbers in comments and names are rules of docs/internals/purge-protocol.md.
import {
  and,
  eq,
  every,
  implies,
  int,
  ite,
  le,
  lt,
  minus,
  plus,
  rule,
  symbol,
  type Term,
} from "./formula.ts";

export const sorts = ["Isolate", "Colo", "Entry", "Response", "Read", "Copy", "Increment"] as const;

// Constants. A server that answers a read lacks no kept entry that is older than `L`. Times are in
// milliseconds.
export const A = symbol("", "Int", "A")();
export const L = symbol("", "Int", "L")();
export const N = symbol("Response", "Int", "N");
export const coloOf = symbol("Isolate", "Colo", "coloOf");
export const covers = symbol("Entry Response", "Bool", "covers");
export const isHard = symbol("Entry", "Bool", "isHard");
/** The position. `position` below is only its date, by the journal's clock. */
export const id = symbol("Entry", "Int", "id");
export const isMark = symbol("Entry", "Bool", "isMark");
/** The lost entry that a mark names. A mark that begins a journal names itself. */
export const marks = symbol("Entry", "Entry", "marks");

/** One more than the number of the entry before. */
export const number = symbol("Entry", "Int", "number");
/** 19: trimming leaves at least as many entries. */
export const keptCount = symbol("", "Int", "keptCount")();
export const position = symbol("Entry", "Int", "position");

/** The true time. */
export const now = symbol("", "Int", "now")();

// How far a clock is ahead of the true time. Any step of the clock changes it.
export const offset = symbol("Isolate", "Int", "offset");
/** The isolate also has a clock that is never set, as on Node (rule 10). */
export const isSteady = symbol("Isolate", "Bool", "isSteady");
// What the isolate notes of its clock: the highest reading, and on Node how far it was ahead of the
// steady clock. Times up to `doubt` are from before a step back.
export const highest = symbol("Isolate", "Int", "highest");
export const fast = symbol("Isolate", "Int", "fast");
export const doubt = symbol("Isolate", "Int", "doubt");
/** The true time of the isolate's last reading, and how far its clock was ahead then. */
export const wokenAt = symbol("Isolate", "Int", "wokenAt");
export const wokenOffset = symbol("Isolate", "Int", "wokenOffset");

// Entries form a tree, because a loss sends the journal back. `upTo(x, y)`: x is y or precedes it.
export const upTo = symbol("Entry Entry", "Bool", "upTo");
export const appendedAt = symbol("Entry", "Int", "appendedAt");
export const isAccepted = symbol("Entry", "Bool", "isAccepted");
export const acceptedAt = symbol("Entry", "Int", "acceptedAt");
/** The journal has had the entry without a break since it was appended. */
export const isKept = symbol("Entry", "Bool", "isKept");
/** ... and the database has lost nothing else since then: no entry, and no lineage (rule 27). */
export const isWhole = symbol("Entry", "Bool", "isWhole");
export const isFilled = symbol("", "Bool", "isFilled")();
export const newest = symbol("", "Entry", "newest")();

// The promise holds for an entry that `counts`, and from `countsFrom`. Its witness is a kept entry
// that purges as much: the entry itself, the mark of its loss, or the entry appended again.
export const counts = symbol("Entry", "Bool", "counts");
export const countsFrom = symbol("Entry", "Int", "countsFrom");
export const witness = symbol("Entry", "Entry", "witness");

// A view is the path from `floor` to `end`. Its read was sent at `sentAt` by the clock of `sentBy`, and
// at the true time `sentTrue`, unless the age is not known. The same pairs of times follow below.
export const hasView = symbol("Isolate", "Bool", "hasView");
export const isDated = symbol("Isolate", "Bool", "isDated");
export const sentBy = symbol("Isolate", "Isolate", "sentBy");
export const floor = symbol("Isolate", "Entry", "floor");
export const end = symbol("Isolate", "Entry", "end");
export const sentAt = symbol("Isolate", "Int", "sentAt");
export const sentTrue = symbol("Isolate", "Int", "sentTrue");

// The isolate has accepted the entry, and applies it beside its view. It `owes` obedience from then on
// until its view has dropped the entry.
export const applies = symbol("Isolate Entry", "Bool", "applies");
export const owes = symbol("Isolate Entry", "Bool", "owes");

// A read that `reader` sent when its view, if it had one, ended with `base`. A server has shown the
// path from `readFirst` to `readLast`, lineages from `readLined` on, and the names of whole epochs
// without a gap from `readListed` on.
export const isSent = symbol("Read", "Bool", "isSent");
/** The clock was not set back since, as far as the isolate knows. */
export const isReadDated = symbol("Read", "Bool", "isReadDated");
export const reader = symbol("Read", "Isolate", "reader");
export const isBased = symbol("Read", "Bool", "isBased");
export const base = symbol("Read", "Entry", "base");
export const readAt = symbol("Read", "Int", "readAt");
export const readTrue = symbol("Read", "Int", "readTrue");
export const isServed = symbol("Read", "Bool", "isServed");
/** The primary has shown an empty journal instead. */
export const showsNone = symbol("Read", "Bool", "showsNone");
export const isPrimary = symbol("Read", "Bool", "isPrimary");
/** The last page was not full. */
export const hasEnded = symbol("Read", "Bool", "hasEnded");
export const readFirst = symbol("Read", "Entry", "readFirst");
export const readLast = symbol("Read", "Entry", "readLast");
export const readLined = symbol("Read", "Entry", "readLined");
export const readListed = symbol("Read", "Entry", "readListed");

// The window of an isolate (rule 27 e), and the entries whose names it has.
export const hasWindow = symbol("Isolate", "Bool", "hasWindow");
export const windowFirst = symbol("Isolate", "Entry", "windowFirst");
export const windowLast = symbol("Isolate", "Entry", "windowLast");
export const lists = symbol("Isolate Entry", "Bool", "lists");

export const isCopied = symbol("Copy", "Bool", "isCopied");
export const copyColo = symbol("Copy", "Colo", "copyColo");
export const copyBy = symbol("Copy", "Isolate", "copyBy");
export const copyFloor = symbol("Copy", "Entry", "copyFloor");
export const copyEnd = symbol("Copy", "Entry", "copyEnd");
export const copyAt = symbol("Copy", "Int", "copyAt");
export const copyTrue = symbol("Copy", "Int", "copyTrue");

// A response: a page, a value or a field. Once generated, any isolate may find it at any time.
export const isRequested = symbol("Response", "Bool", "isRequested");
export const isGenerated = symbol("Response", "Bool", "isGenerated");
/** The isolate that has sent the request, by whose clock `bodyAt` is. */
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
/** A value that was set without a purge, and the true time of that (rule 28 d). */
export const isSet = symbol("Response", "Bool", "isSet");
export const setTrue = symbol("Response", "Int", "setTrue");
/** The entry covers the response, whose content is from before the entry. */
export const isBefore = symbol("Response Entry", "Bool", "isBefore");

// 25 e: the isolate has tried to append the entry from `triedAt` on, and holds what the entry covers. The
// hold ends with its `heir`: an entry that purges as much.
export const tried = symbol("Isolate Entry", "Bool", "tried");
export const holds = symbol("Isolate Entry", "Bool", "holds");
export const triedAt = symbol("Isolate Entry", "Int", "triedAt");
export const heir = symbol("Isolate Entry", "Entry", "heir");

// 26 d: an increment, whose script is sent and may be under way. It `count`s so many times.
export const isBegun = symbol("Increment", "Bool", "isBegun");
export const isUnderWay = symbol("Increment", "Bool", "isUnderWay");
export const count = symbol("Increment", "Int", "count");

// 24: the order of posts, and the newest of the key, of an isolate, of a read and of a copy. The
// isolate has used one as new as `usedPost`. The read of a chain's start also shows the key.
export const isPost = symbol("Entry", "Bool", "isPost");
export const post = symbol("Entry", "Int", "post");
export const keyPost = symbol("", "Int", "keyPost")();
export const knownPost = symbol("Isolate", "Int", "knownPost");
export const usedPost = symbol("Isolate", "Int", "usedPost");
export const readPost = symbol("Read", "Int", "readPost");
export const isKeyed = symbol("Read", "Bool", "isKeyed");
export const copyPost = symbol("Copy", "Int", "copyPost");

export const hasDatedView = (isolate: Term): Term => and(hasView(isolate), isDated(isolate));

/** The dates by clocks of isolates, which the invariant compares with the true time. */
export const dates = {
  view: { sort: "Isolate", is: hasDatedView, by: sentBy, at: sentAt, atTrue: sentTrue },
  read: {
    sort: "Read",
    is: (q: Term) => and(isSent(q), isReadDated(q)),
    by: reader,
    at: readAt,
    atTrue: readTrue,
  },
  copy: { sort: "Copy", is: isCopied, by: copyBy, at: copyAt, atTrue: copyTrue },
  body: { sort: "Response", is: isRequested, by: requester, at: bodyAt, atTrue: bodyTrue },
} as const;

/** The paths of entries that isolates and copies have. */
export const paths = {
  view: { sort: "Isolate", is: hasView, first: floor, last: end },
  copy: { sort: "Copy", is: isCopied, first: copyFloor, last: copyEnd },
} as const;

export const isAppended = (entry: Term): Term => upTo(entry, entry);

/** The entry is the mark that begins a journal. */
export const begins = (entry: Term): Term => and(isMark(entry), eq(marks(entry), entry));

export const isBetween = (first: Term, entry: Term, last: Term): Term =>
  and(upTo(first, entry), upTo(entry, last));

/** 17: lineages from `lined` on have dropped that of the entry, because it was too old. */
export const isDropped = (e: Term, lined: Term): Term => lt(number(e), number(lined));

/** 17, 19: a stream from `first` to `last` has as many entries as trimming leaves. */
export const isLong = (first: Term, last: Term): Term =>
  le(plus(number(first), keptCount), plus(number(last), int(1)));

/** What the isolate's clock shows now. */
export const clock = (isolate: Term): Term => plus(now, offset(isolate));

/** 10: the isolate does not notice that its clock was set back. */
export const isUnnoticed = (isolate: Term): Term =>
  and(
    le(minus(highest(isolate), A), clock(isolate)),
    implies(isSteady(isolate), le(minus(fast(isolate), A), offset(isolate))),
  );

/** The path to `last` has every kept entry that was appended before `at`, less a replica's lag. */
export const knowsAllAt = (last: Term, at: Term): Term =>
  every("Entry", (e) => implies(and(isKept(e), lt(appendedAt(e), minus(at, L))), upTo(e, last)));

/** 7: `instant` is at most N − A ago, and at most A ahead. */
export const isRecent = (reading: Term, instant: Term, response: Term): Term =>
  and(
    rule("7 ahead", le(minus(instant, reading), A)),
    le(minus(reading, instant), minus(N(response), A)),
  );

export const later = (a: Term, b: Term): Term => ite(le(a, b), b, a);
export const earlier = (a: Term, b: Term): Term => ite(le(a, b), a, b);
export const zero = int(0);
