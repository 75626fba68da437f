// Tests that nobody sees a checked credential: neither by a field's name, nor in a list or a copy of all fields.
import { expect, it } from "vitest";
import type { Gate } from "../../src/part/port/phases.ts";
import { copyOfFields, NamedFields } from "../../src/routing/client-fields.ts";

const gate: Gate = {
  name: "members",
  headers: ["authorization"],
  cookies: ["pass"],
  query: [],
  constants: [],
};

interface Case {
  readonly sent: Record<string, string>;
  readonly behind?: Gate;
  readonly seen: Record<string, string>;
}

/** More fields than a list of names has, so that a set has them. */
const many = Object.fromEntries(Array.from({ length: 80 }, (_, at) => [`x-${10 + at}`, `${at}`]));

it.each<Case>([
  { sent: {}, seen: {} },
  {
    sent: { Authorization: "Bearer 1", cookie: "pass=1" },
    seen: { authorization: "Bearer 1", cookie: "pass=1" },
  },
  {
    sent: { Authorization: "Bearer 1", Accept: "text/html" },
    behind: gate,
    seen: { accept: "text/html" },
  },
  { sent: { cookie: "pass=1" }, behind: gate, seen: {} },
  { sent: { cookie: "a=1; pass=2;b=3" }, behind: gate, seen: { cookie: "a=1; b=3" } },
  { sent: { cookie: "a=1;b=2" }, behind: gate, seen: { cookie: "a=1;b=2" } },
  { sent: many, seen: many },
  { sent: { Authorization: "Bearer 1", ...many }, behind: gate, seen: many },
])("the fields of a request: $sent behind $behind.name", ({ sent, behind, seen }) => {
  const client = new Headers(sent);
  const fields = new NamedFields(client, behind);
  const copy = copyOfFields(fields);
  expect(Object.fromEntries(copy)).toEqual(seen);
  expect([...fields]).toEqual(Object.entries(seen));
  expect([...fields.keys()]).toEqual(Object.keys(seen));
  for (const name of ["Authorization", "cookie", "accept", "X-10"]) {
    expect([name, fields.get(name)]).toEqual([name, copy.get(name)]);
    expect([name, fields.has(name)]).toEqual([name, copy.has(name)]);
  }
  copy.set("x", "y");
  expect([...client]).toEqual([...new Headers(sent)]);
});
