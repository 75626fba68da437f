// Sites with a page that is never a hit because its lifetime is zero or short, and the expected
// explanations.
import { expect } from "vitest";
import { cc, page } from "../../../../testing/fakes/origin-in-process.ts";
import { notStored, type Riddle, saying } from "./planted-riddles.ts";

export const riddlesOfLifetimes: readonly Riddle[] = [
  {
    id: "the origin sends no-cache without a validator",
    origin: saying("no-cache, max-age=300"),
    told: notStored("no-use"),
    says: [/by the rule no-use .*says no-cache, and has no validator.*ETag/],
  },
  {
    id: "a cache in front of the origin stored the page for longer than its lifetime",
    origin: saying("max-age=3600", { age: "7200" }),
    told: { look: { last: { ageOnArrivalSeconds: 7200, lifetimeSeconds: 3600 } } },
    says: [
      /a cache between Tidemark and the origin had kept it for 7200 s \(Age: 7200, Date: Tue,.*check that cache/,
      /lifetime was 3600 s \(max-age in Cache-Control\), and it was 7200 s old on arrival/,
    ],
  },
  {
    id: "a cache in front of the origin stored a page with an ETag for longer than its lifetime",
    origin: saying("max-age=3600", { age: "7200", etag: '"1"' }),
    told: { verdict: { by: "expired", hint: expect.stringContaining("that cache") } },
    says: [
      /7200 s old.*\(7200 s on arrival\)/,
      /by the rule expired .*between Tidemark and the origin/,
    ],
  },
  {
    id: "the origin's clock is wrong",
    origin: (_, __, clock) => page("page", { expires: clock.date(-3000), date: clock.date() }),
    told: { look: { last: { lifetimeFrom: "Expires", lifetimeSeconds: 0 } } },
    says: [/from Expires, which is 3000 s before Date.*check the origin's clock and its time zone/],
  },
  {
    id: "the origin's clock is behind by more than the lifetime",
    origin: (_, __, clock) => page("page", cc("max-age=3600", { date: clock.date(-7200) })),
    told: { look: { last: { ageOnArrivalSeconds: 7200, lifetimeSeconds: 3600 } } },
    says: [
      /it arrived 7200 s after its Date \(Age: none, Date: Tue, 01 Jan 2030 10:00:00 GMT\).*lifetime is 3600 s.*check the origin's clock/,
    ],
  },
  {
    id: "the origin takes longer to respond than the lifetime",
    origin: (_, __, clock) => {
      const date = clock.date();
      clock.advance(5);
      return page("page", cc("max-age=1", { date, age: "0", etag: '"1"' }));
    },
    told: { verdict: { by: "expired", clause: "RFC 9111 §4.2.3" } },
    says: [/the origin took 5 s to answer \(Age: 0.*lifetime is 1 s.*answer faster/],
  },
  {
    id: "Expires equals Date",
    origin: (_, __, clock) => page("page", { expires: clock.date(), date: clock.date() }),
    told: notStored("no-use"),
    says: [/0 s, from Expires, which is the same as Date\..*give a longer one, or give the route/],
  },
  {
    id: "the origin's max-age=0 for a 404 overrides the route's negative",
    routes: [{ name: "articles", match: "/articles/*", negative: { 404: "1m" } }],
    origin: () => page("none", cc("max-age=0"), 404),
    told: notStored("no-use"),
    says: [/its negative of 60 s has no effect, because the origin's fields take precedence/],
  },
  {
    id: "Expires is not a date",
    origin: () => page("page", { expires: "0" }),
    told: notStored("no-use"),
    says: [
      /0 s, from Expires, which is not a date, so Tidemark treats it as past.*give a longer one/,
    ],
  },
  {
    id: "the origin sends no-cache with a validator",
    origin: saying("no-cache, max-age=300", { etag: '"1"' }),
    told: { verdict: { by: "no-cache" } },
    says: [/each use is validated.*omit no-cache, or give the route mode: "override" with fresh/],
  },
  {
    id: "the origin's max-age=0 overrides the route's fresh",
    routes: [{ name: "articles", match: "/articles/*", fresh: "5m" }],
    origin: saying("max-age=0"),
    told: notStored("no-use"),
    says: [
      /0 s, from max-age in Cache-Control.*mode: "override".*its fresh of 300 s has no effect/,
    ],
  },
  {
    id: "the origin's max-age=0 with a validator overrides the route's fresh",
    routes: [{ name: "articles", match: "/articles/*", fresh: "5m" }],
    origin: saying("max-age=0", { etag: '"1"' }),
    told: { verdict: { by: "expired", hint: expect.stringContaining('mode: "override"') } },
    says: [/lifetime of 0 s \(max-age in Cache-Control\)/, /its fresh of 300 s has no effect/],
  },
  {
    id: "neither the origin nor the route gives a lifetime",
    origin: () => page("page"),
    told: notStored("no-use"),
    says: [/neither the origin nor its route gives it a lifetime.*give the route fresh/],
  },
  {
    id: "a 404 without a lifetime",
    routes: [{ name: "articles", match: "/articles/*", fresh: "5m" }],
    origin: () => page("none", {}, 404),
    told: { look: { last: { status: 404, notStored: { rule: "no-use" } } } },
    says: [/a 404\. It was not stored.*give the route fresh or negative for 404/],
  },
  {
    id: "a redirect without a lifetime",
    routes: [{ name: "articles", match: "/articles/*", fresh: "5m" }],
    origin: () => new Response(null, { status: 302, headers: { location: "/elsewhere" } }),
    told: notStored("not-allowed-explicitly"),
    says: [/a 302\. It was not stored.*list the status in the route.s fresh or negative/],
  },
  {
    id: "the lifetime is 1 s, and requests come every 5 s",
    origin: saying("max-age=300, s-maxage=1"),
    before: async (site) => site.clock.advance(5),
    question: {},
    told: { look: { last: { lifetimeSeconds: 1, lifetimeFrom: "s-maxage in Cache-Control" } } },
    says: [
      /no stored response fits the request; the last answer for it was stored, but is gone/,
      /It was stored .*Its lifetime was 1 s \(s-maxage in Cache-Control\)/,
    ],
  },
];
