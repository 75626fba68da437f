// Tests on which routes all colos can share one forward.
import { expect, it } from "vitest";
import { globalCollapse } from "../../../src/parts/global-collapse/global-collapse.ts";
import { refusalOf, route } from "../../config/refusal-of.ts";

it("is refused on a route without the tier of all colos", () => {
  const fields = { use: [globalCollapse()], tiers: ["memory", "edge"] };
  expect(refusalOf(route(fields))).toBe(
    'route "news", use: has globalCollapse(): add "shared" to tiers',
  );
});
