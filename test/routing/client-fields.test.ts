// Tests that nobody sees a checked credential: neither by a field's name, nor in a list or a copy of all fields.
import { expect, it } from "vitest";
import type { Gate } from "../../src/part/port/phases.ts";
import { copyOfFields, FieldsBehindGate } from "../../src/routing/client-fields.ts";

const gate: Gate = {
  name: "members",
  headers: ["authorization"],
  cookies: ["pass"],
  query: [],
  constants: [],
};

it.each([
  [{}, {}],
  [{ Authorization: "Bearer 1", Accept: "text/html" }, { accept: "text/html" }],
  [{ cookie: "pass=1" }, {}],
  [{ cookie: "a=1; pass=2;b=3" }, { cookie: "a=1; b=3" }],
  [{ cookie: "a=1;b=2" }, { cookie: "a=1;b=2" }],
])("fields behind a gate: %o", (sent: Record<string, string>, seen: Record<string, string>) => {
  const client = new Headers(sent);
  const fields = new FieldsBehindGate(client, gate);
  const copy = copyOfFields(fields);
  expect(Object.fromEntries(copy)).toEqual(seen);
  expect([...fields]).toEqual(Object.entries(seen));
  expect([...fields.keys()]).toEqual(Object.keys(seen));
  for (const name of ["Authorization", "cookie", "accept"]) {
    expect([name, fields.get(name)]).toEqual([name, copy.get(name)]);
    expect([name, fields.has(name)]).toEqual([name, copy.has(name)]);
  }
  copy.set("x", "y");
  expect([...client]).toEqual([...new Headers(sent)]);
});
