// What forbids storing forbids it in whatever company, unless the one grant stands beside it that
// RFC 9111 names.
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { governingDirectives } from "../../src/rules/governing-directives.ts";
import { mayStore } from "../../src/rules/storable.ts";
import {
  controlText,
  type Member,
  names,
  responseControl,
} from "../../testing/examples/generated-fields.ts";
import { fieldsWith, seeded } from "../../testing/examples/header-text.ts";

const statuses = fc.constantFrom(200, 204, 301, 302, 404, 410, 418, 500);

/** Any company, without members that swallow or garble what follows. */
const company = responseControl.map(({ members, separator }) => ({
  members: members.filter(({ oddity }) => oddity === "plain" || oddity === "qualified"),
  separator,
}));

/** One more member at any place. */
const among = (texts: readonly string[]) =>
  fc
    .tuple(company, fc.constantFrom(...texts), fc.nat({ max: 4 }))
    .map(([{ members, separator }, text, at]) => {
      const member: Member = { name: "", text, oddity: "plain" };
      return { members: members.toSpliced(at, 0, member), separator };
    });

function ruleFor(given: { status: number; text: string; hasAuthorization?: boolean }): string {
  const fields = fieldsWith({ "cache-control": given.text, expires: "0", etag: '"a"' });
  const verdict = mayStore({
    request: {
      method: "GET",
      noStore: false,
      hasAuthorization: given.hasAuthorization ?? false,
    },
    status: given.status,
    fields,
    governing: governingDirectives(fields),
    // The strongest leave that a route can give.
    lifetimeAssigned: true,
    isNamed: true,
    hasUse: true,
  });
  return verdict.kind === "storable" ? "storable" : verdict.rule;
}

describe("never stored", () => {
  it("what is private as a whole (§5.2.2.7)", () => {
    const texts = ["private", "PRIVATE", 'private=""', "private;x", "private =x", "private=,"];
    fc.assert(
      fc.property(among(texts), statuses, (control, status) => {
        expect(ruleFor({ status, text: controlText(control) })).not.toBe("storable");
      }),
      seeded,
    );
  });

  it("what says no-store, unless must-understand is beside it (§5.2.2.3, §5.2.2.5)", () => {
    const texts = ["no-store", "No-Store", "no-store=x", "no-store; x", "no-store="];
    fc.assert(
      fc.property(among(texts), statuses, (control, status) => {
        if (names(control).has("must-understand")) return;
        expect(ruleFor({ status, text: controlText(control) })).not.toBe("storable");
      }),
      seeded,
    );
  });

  it("what answers Authorization, unless public or s-maxage is beside it (§3.5)", () => {
    fc.assert(
      fc.property(company, statuses, (control, status) => {
        const isGranted = names(control).has("public") || names(control).has("s-maxage");
        if (isGranted) return;
        const rule = ruleFor({ status, text: controlText(control), hasAuthorization: true });
        expect(rule).not.toBe("storable");
      }),
      seeded,
    );
  });

  it("and these do store where nothing forbids it, so that the above is not for nothing", () => {
    const rules = fc
      .sample(fc.tuple(company, statuses), seeded)
      .map(([control, status]) => ruleFor({ status, text: controlText(control) }));
    expect(rules.filter((rule) => rule === "storable").length).toBeGreaterThan(100);
  });
});
