// Tests responses that must not be stored, with generated other directives. Only the exceptions
// that RFC 9111 names allow storing.
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { governingDirectives } from "../../src/rules/cache-control.ts";
import { mayStore } from "../../src/rules/storable.ts";
import {
  controlText,
  type Member,
  names,
  responseControl,
} from "../../testing/examples/generated-fields.ts";
import { fieldsWith, seeded } from "../../testing/examples/header-text.ts";

const statuses = fc.constantFrom(200, 204, 301, 302, 404, 410, 418, 500);

/** Other directives, without malformed ones that would hide the directives after them. */
const company = responseControl.map(({ members, separator }) => ({
  members: members.filter(({ oddity }) => oddity === "plain" || oddity === "qualified"),
  separator,
}));

/** Other directives with one of the texts at any position. */
const among = (texts: readonly string[]) =>
  fc
    .tuple(company, fc.constantFrom(...texts), fc.nat({ max: 4 }))
    .map(([{ members, separator }, text, at]) => {
      const member: Member = { name: "", text, oddity: "plain" };
      return { members: members.toSpliced(at, 0, member), separator };
    });

function ruleFor(given: { status: number; text: string }): string {
  const fields = fieldsWith({ "cache-control": given.text, expires: "0", etag: '"a"' });
  const verdict = mayStore({
    request: { method: "GET", noStore: false },
    status: given.status,
    fields,
    setsCookie: false,
    governing: governingDirectives(fields),
    // The strongest permission that a route can give.
    lifetimeAssigned: true,
    isNamed: true,
    hasUse: true,
  });
  return verdict.kind === "storable" ? "storable" : verdict.rule;
}

describe("a response with generated directives", () => {
  it("is not stored if it is private without field names (§5.2.2.7)", () => {
    const texts = ["private", "PRIVATE", 'private=""', "private;x", "private =x", "private=,"];
    fc.assert(
      fc.property(among(texts), statuses, (control, status) => {
        expect(ruleFor({ status, text: controlText(control) })).not.toBe("storable");
      }),
      seeded,
    );
  });

  it("is not stored with no-store and without must-understand (§5.2.2.3, §5.2.2.5)", () => {
    const texts = ["no-store", "No-Store", "no-store=x", "no-store; x", "no-store="];
    fc.assert(
      fc.property(among(texts), statuses, (control, status) => {
        if (names(control).has("must-understand")) return;
        expect(ruleFor({ status, text: controlText(control) })).not.toBe("storable");
      }),
      seeded,
    );
  });

  it("is often stored if nothing forbids it, so the tests above are not vacuous", () => {
    const rules = fc
      .sample(fc.tuple(company, statuses), seeded)
      .map(([control, status]) => ruleFor({ status, text: controlText(control) }));
    expect(rules.filter((rule) => rule === "storable").length).toBeGreaterThan(100);
  });
});
