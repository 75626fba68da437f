// Generates header fields as text together with their meaning, so that a test can select a case
// without parsing the text.
import * as fc from "fast-check";

/** How a member of Cache-Control differs from the plain `name` or `name=argument`. */
type Oddity =
  | "plain"
  | "other-case"
  | "spaced"
  | "empty"
  | "unreadable"
  | "number-and-more"
  | "oversized"
  | "escaped"
  | "unclosed"
  | "comma-in-quotes"
  | "qualified"
  | "semicolon";

export interface Member {
  /** The name of the member without its oddity, in lower case. */
  readonly name: string;
  readonly text: string;
  readonly oddity: Oddity;
}

interface Control {
  readonly members: readonly Member[];
  readonly separator: string;
}

export function controlText({ members, separator }: Control): string {
  return members.map(({ text }) => text).join(separator);
}

export const names = ({ members }: Control = { members: [], separator: "" }): Set<string> =>
  new Set(members.map(({ name }) => name));

type Written = readonly [oddity: Oddity, weight: number, texts: (name: string) => string[]];

const otherCase: Written = ["other-case", 1, (name) => [name.toUpperCase(), capitalised(name)]];
const semicolon: Written = ["semicolon", 2, (name) => [`${name}; x`, `${name};x=1`]];
const emptyArgument: Written = ["empty", 2, (name) => [`${name}=`, `${name}=""`]];

/** Ways to write a member without an argument. */
const flagWritings: readonly Written[] = [
  ["plain", 20, (name) => [name, `${name}=x`]],
  otherCase,
  semicolon,
  emptyArgument,
];

/** Ways to write a member whose argument may name fields. */
const qualifiableWritings: readonly Written[] = [
  ["plain", 12, (name) => [name]],
  ["qualified", 4, (name) => [`${name}="x-user"`, `${name}=x-user`, `${name}="x-a, x-b"`]],
  otherCase,
  semicolon,
  emptyArgument,
];

/** Ways to write an invalid number of seconds. */
const badSecondsWritings: readonly Written[] = [
  otherCaseOfSeconds(),
  ["spaced", 1, (name) => [`${name} =60`, `${name}= 60`, `${name} = 60`]],
  emptyArgument,
  ["unreadable", 1, (name) => [name, `${name}=abc`, `${name}='60'`, `${name}="sixty"`]],
  ["number-and-more", 1, (name) => ["60s", "+60", "60.5", "60;x=1"].map((n) => `${name}=${n}`)],
  ["number-and-more", 1, (name) => [`${name}=-60`, `${name}="60 "`, `${name}=6 0`]],
  ["escaped", 1, (name) => [String.raw`${name}="6\0"`, String.raw`${name}="\60"`]],
  ["unclosed", 2, (name) => [`${name}="60`]],
];

function otherCaseOfSeconds(): Written {
  const [oddity, weight, texts] = otherCase;
  return [oddity, weight, (name) => texts(name).map((text) => `${text}=60`)];
}

function capitalised(name: string): string {
  return name.replaceAll(/(?:^|-)[a-z]/g, (letter) => letter.toUpperCase());
}

function written(name: string, writings: readonly Written[]): fc.Arbitrary<Member> {
  const ways = writings.map(([oddity, weight, texts]) => ({
    weight,
    arbitrary: fc.constantFrom(...texts(name)).map((text): Member => ({ name, text, oddity })),
  }));
  return fc.oneof(...ways);
}

const flag = (name: string): fc.Arbitrary<Member> => written(name, flagWritings);
const qualifiable = (name: string): fc.Arbitrary<Member> => written(name, qualifiableWritings);

/** Few durations in seconds, so that ages, lifetimes and allowances are often equal. */
export const shortSpans = fc.constantFrom(0, 10, 30, 60, 600);

function duration(name: string): fc.Arbitrary<Member> {
  const forms: readonly ((n: number | string) => string)[] = [
    (n) => `${name}=${n}`,
    (n) => `${name}="${n}"`,
    (n) => `${name}=0${n}`,
  ];
  const plain = fc
    .tuple(shortSpans, fc.constantFrom(...forms))
    .map(([seconds, form]): Member => ({ name, text: form(seconds), oddity: "plain" }));
  const oversized = fc
    .constantFrom("2147483649", "99999999999", "9".repeat(40))
    .map((digits) => `${name}=${digits}`)
    .map((text): Member => ({ name, text, oddity: "oversized" }));
  return fc.oneof(
    { weight: 24, arbitrary: plain },
    { weight: 1, arbitrary: oversized },
    { weight: 8, arbitrary: written(name, badSecondsWritings) },
  );
}

const unknown: fc.Arbitrary<Member> = written("ext", [
  ["plain", 4, (name) => [name, `${name}=60`, `${name}="a"`, `${name}='a'`, "", "no-transform"]],
  ["comma-in-quotes", 2, (name) => [`${name}="a, no-store, b"`, `${name}="a, max-age=9"`]],
]);

const separators = fc.constantFrom(", ", ",", " ,\t", ", ,");

function controlOf(members: fc.Arbitrary<Member>, countMax: number): fc.Arbitrary<Control> {
  return fc.record({ members: fc.array(members, { maxLength: countMax }), separator: separators });
}

export const responseControl: fc.Arbitrary<Control> = controlOf(
  fc.oneof(
    { weight: 8, arbitrary: duration("max-age") },
    { weight: 4, arbitrary: duration("s-maxage") },
    { weight: 6, arbitrary: duration("stale-while-revalidate") },
    { weight: 3, arbitrary: duration("stale-if-error") },
    { weight: 4, arbitrary: flag("public") },
    { weight: 1, arbitrary: flag("no-store") },
    { weight: 2, arbitrary: flag("must-understand") },
    { weight: 2, arbitrary: flag("must-revalidate") },
    { weight: 2, arbitrary: flag("proxy-revalidate") },
    { weight: 2, arbitrary: flag("immutable") },
    { weight: 2, arbitrary: qualifiable("no-cache") },
    { weight: 2, arbitrary: qualifiable("private") },
    { weight: 3, arbitrary: unknown },
  ),
  4,
);

const anyMaxStale = fc.constant<Member>({ name: "max-stale", text: "max-stale", oddity: "plain" });

export const requestControl: fc.Arbitrary<Control> = controlOf(
  fc.oneof(
    { weight: 4, arbitrary: duration("max-age") },
    { weight: 4, arbitrary: duration("max-stale") },
    { weight: 2, arbitrary: anyMaxStale },
    { weight: 4, arbitrary: duration("min-fresh") },
    { weight: 2, arbitrary: flag("no-cache") },
    { weight: 1, arbitrary: flag("no-store") },
    { weight: 1, arbitrary: flag("only-if-cached") },
    { weight: 1, arbitrary: unknown },
  ),
  2,
);

export const etag: fc.Arbitrary<string> = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom('"a"', 'W/"a"', '"b"', 'W/"b"', '""') },
  { weight: 1, arbitrary: fc.constantFrom("a", '"a', "'a'") },
);
