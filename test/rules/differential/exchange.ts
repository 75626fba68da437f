// Generates the exchange of one comparison: a request, its stored response, a later request, and a
// 304 to the later request. Most parts are ordinary HTTP, with few oddities at a time.
import * as fc from "fast-check";
import { dateText, type DateText } from "../../../testing/examples/generated-dates.ts";
import {
  type Control,
  etag,
  type ListValue,
  listValue,
  requestControl,
  responseControl,
  shortSpans,
  varyMember,
} from "../../../testing/examples/generated-fields.ts";

export interface Exchange {
  /** Whether a heuristic lifetime applies if the response states none. */
  readonly heuristics: boolean;
  /** The request that the stored response answered. */
  readonly request: {
    readonly method: "GET" | "HEAD" | "POST" | "PUT";
    readonly control: Control | undefined;
    readonly authorization: string | undefined;
  };
  readonly response: {
    readonly status: number;
    readonly control: Control | undefined;
    /** An empty text for an empty field. */
    readonly expires: DateText | "" | undefined;
    readonly date: DateText | undefined;
    readonly lastModified: DateText | undefined;
    readonly age: string | undefined;
    readonly pragma: "no-cache" | "x" | undefined;
    readonly vary: readonly string[] | undefined;
    readonly etag: string | undefined;
    readonly hasCookie: boolean;
  };
  /** The time from the request to its response. */
  readonly delaySeconds: number;
  /** The time from the response to the later request. */
  readonly restedSeconds: number;
  /** The later request. */
  readonly asks: {
    readonly method: "GET" | "HEAD";
    readonly control: Control | undefined;
    readonly pragma: string | undefined;
    readonly ifNoneMatch: string | undefined;
    readonly ifModifiedSince: DateText | undefined;
  };
  /** The values of fields that Vary may name, in the first and in the later request. */
  readonly selecting: {
    readonly stored: SelectingFields;
    readonly asked: SelectingFields;
  };
  readonly notModified: {
    readonly etag: string | undefined;
    readonly lastModified: DateText | undefined;
  };
  /** Fields other than validators, of the stored response and of the 304. */
  readonly update: {
    readonly stored: Readonly<Record<string, string>>;
    readonly newer: Readonly<Record<string, string>>;
  };
}

export type SelectingFields = Readonly<
  Partial<Record<"accept" | "x-a" | "x-b", ListValue | undefined>>
>;

function maybe<T>(arbitrary: fc.Arbitrary<T>, freq = 3): fc.Arbitrary<T | undefined> {
  return fc.option(arbitrary, { nil: undefined, freq });
}

const statuses = fc.oneof(
  { weight: 5, arbitrary: fc.constant(200) },
  { weight: 4, arbitrary: fc.constantFrom(203, 204, 300, 301, 302, 303, 307, 308, 404, 405, 410) },
  { weight: 2, arbitrary: fc.constantFrom(206, 304, 414, 416, 501) },
  { weight: 2, arbitrary: fc.constantFrom(201, 226, 400, 401, 403, 418, 429, 500, 503, 599) },
);

const aDay = 86_400;
const lastModified = dateText(-aDay * 20, -aDay, -600, -300, 0, 60);

const ages = "0 5 60 007 2147483648 99999999999 600,5 60;a=1 abc -60 60.5 60s".split(" ");

/** Responses without Vary, because half of the generated Vary fields forbid storing. */
const response: fc.Arbitrary<Exchange["response"]> = fc.record({
  status: statuses,
  control: maybe(responseControl, 4),
  expires: maybe(
    fc.oneof(
      { weight: 5, arbitrary: dateText(-60, 0, 10, 60, 600) },
      { weight: 1, arbitrary: fc.constant("" as const) },
    ),
  ),
  date: maybe(dateText(-60, -10, 0, 0, 0, 60)),
  lastModified: maybe(lastModified),
  age: maybe(fc.constantFrom(...ages), 2),
  pragma: fc.oneof(
    { weight: 6, arbitrary: fc.constant(undefined) },
    { weight: 1, arbitrary: fc.constantFrom("no-cache" as const, "x" as const) },
  ),
  vary: fc.constant(undefined),
  etag: maybe(etag, 2),
  hasCookie: fc.integer({ min: 0, max: 9 }).map((n) => n === 0),
});

function changedResponse(
  given: Exchange["response"],
  changes: Partial<Exchange["response"]>,
): Exchange["response"] {
  return { ...given, ...changes };
}

const vary = fc.array(varyMember, { minLength: 1, maxLength: 3 });
const responseWithVary = fc
  .tuple(response, vary)
  .map(([given, nominated]) => changedResponse(given, { vary: nominated }));

/** A response that both sides store, with a lifetime and an age in which they seldom differ. */
const ordinaryResponse: fc.Arbitrary<Exchange["response"]> = fc.record({
  status: fc.constantFrom(200, 404),
  control: maybe(responseControl, 8),
  expires: fc.constant(undefined),
  date: maybe(dateText(0, 60), 2),
  lastModified: maybe(lastModified, 2),
  age: maybe(fc.constantFrom("0", "5", "60"), 2),
  pragma: fc.constant(undefined),
  vary: fc.constant(undefined),
  etag: maybe(etag, 2),
  hasCookie: fc.constant(false),
});

const selectingFields: fc.Arbitrary<SelectingFields> = fc.record({
  accept: maybe(listValue, 2),
  "x-a": maybe(listValue),
  "x-b": maybe(listValue),
});

/** Returns the members of `given` with the white space of `other`. */
function spacedAs(given: SelectingFields, other: SelectingFields): SelectingFields {
  const spaced = Object.entries(given).map(([name, value]) => {
    const separator = other[name as keyof SelectingFields]?.separator ?? ",";
    return [name, value && { ...value, separator }];
  });
  return Object.fromEntries(spaced) as SelectingFields;
}

/** Fields that a 304 may have, except digests of a body. */
const updatable =
  "content-type content-encoding content-length content-range cache-control age set-cookie x-a x-b";

const someFields = (value: string) =>
  fc
    .subarray(updatable.split(" "))
    .map((chosen) => Object.fromEntries(chosen.map((name) => [name, value] as const)));

const ordinary = {
  request: { method: "GET", control: undefined, authorization: undefined },
  delaySeconds: 0,
  restedSeconds: 0,
  asks: {
    method: "GET",
    control: undefined,
    pragma: undefined,
    ifNoneMatch: undefined,
    ifModifiedSince: undefined,
  },
  selecting: { stored: {}, asked: {} },
  notModified: { etag: undefined, lastModified: undefined },
  update: { stored: {}, newer: {} },
} as const;

/** The parts of an exchange that vary. Its other parts are ordinary. */
export const subjects = ["storing", "use", "selection"] as const;
export type Subject = (typeof subjects)[number];

const varying = {
  storing: {
    request: fc.record({
      method: fc.oneof(
        { weight: 12, arbitrary: fc.constant("GET" as const) },
        { weight: 1, arbitrary: fc.constantFrom("HEAD" as const, "POST" as const, "PUT" as const) },
      ),
      control: maybe(requestControl, 2),
      authorization: fc.oneof(
        { weight: 12, arbitrary: fc.constant(undefined) },
        { weight: 2, arbitrary: fc.constant("Basic YTpi") },
        { weight: 1, arbitrary: fc.constant("") },
      ),
    }),
    response: fc.oneof(
      { weight: 5, arbitrary: response },
      { weight: 1, arbitrary: responseWithVary },
    ),
    delaySeconds: fc.constantFrom(0, 0, 0, 10),
    restedSeconds: shortSpans,
  },
  use: {
    response: ordinaryResponse,
    restedSeconds: fc.oneof(shortSpans, fc.constantFrom(5, 15, 59, 61, 65)),
    asks: fc.record({
      method: fc.constantFrom("GET", "GET", "GET", "HEAD"),
      control: maybe(requestControl, 4),
      pragma: fc.oneof(
        { weight: 8, arbitrary: fc.constant(undefined) },
        { weight: 1, arbitrary: fc.constantFrom("no-cache", "NO-CACHE", "x-no-cache", "x") },
      ),
      ifNoneMatch: maybe(fc.constantFrom('"a"', '"c"', "*"), 2),
      ifModifiedSince: maybe(lastModified, 2),
    }),
  },
  selection: {
    response: fc
      .tuple(responseWithVary, maybe(dateText(-600, 0), 2))
      .map(([given, modified]) => changedResponse(given, { lastModified: modified })),
    selecting: fc.oneof(
      fc.record({ stored: selectingFields, asked: selectingFields }),
      fc.tuple(selectingFields, selectingFields).map(([stored, other]) => ({
        stored,
        asked: spacedAs(stored, other),
      })),
    ),
    notModified: fc.record({ etag: maybe(etag, 2), lastModified: maybe(dateText(-600, 0), 2) }),
    update: fc.record({ stored: someFields("old"), newer: someFields("new") }),
  },
} as const;

export function exchangeAbout(subject: Subject, heuristics: boolean): fc.Arbitrary<Exchange> {
  const parts = fc.record<Record<string, unknown>>(varying[subject]);
  // Each subject generates the response, so the exchange is complete.
  const whole = (varied: object) => ({ heuristics, ...ordinary, ...varied }) as Exchange;
  return parts.map(whole);
}
