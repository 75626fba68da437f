// Sites with a page that is never a hit because its lifetime is zero or short, and the expected
// explanations.
import { cc, page } from "../../../../testing/fakes/origin-in-process.ts";
import { notStored, type Riddle, saying } from "./planted-riddles.ts";

const because = (closer: string, values: object = {}) => ({
  look: { last: { notStored: { rule: "no-use", case: closer, values } } },
});

export const riddlesOfLifetimes: readonly Riddle[] = [
  {
    id: "the origin sends no-cache without a validator",
    origin: saying("no-cache, max-age=300"),
    told: because("no-validator"),
  },
  {
    id: "a cache in front of the origin stored the page for longer than its lifetime",
    origin: saying("max-age=3600", { age: "7200" }),
    told: because("kept-below", { seconds: 7200, lifetimeSeconds: 3600, age: "7200" }),
    says: [/lifetime of 3600 s \(from max-age in Cache-Control\) \(7200 s on arrival\)/],
  },
  {
    id: "a cache in front of the origin stored a page with an ETag for longer than its lifetime",
    origin: saying("max-age=3600", { age: "7200", etag: '"1"' }),
    told: { verdict: { by: "expired", case: "kept-below" } },
    says: [/7200 s old \(7200 s on arrival\)/],
  },
  {
    id: "the origin's clock is wrong",
    origin: (_, __, clock) => page("page", { expires: clock.date(-3000), date: clock.date() }),
    told: because("expires-before-date", { seconds: 3000 }),
  },
  {
    id: "the origin's clock is behind by more than the lifetime",
    origin: (_, __, clock) => page("page", cc("max-age=3600", { date: clock.date(-7200) })),
    told: because("late-date", { seconds: 7200, date: "Tue, 01 Jan 2030 10:00:00 GMT" }),
  },
  {
    id: "the origin takes longer to respond than the lifetime",
    origin: (_, __, clock) => {
      const date = clock.date();
      clock.advance(5);
      return page("page", cc("max-age=1", { date, age: "0", etag: '"1"' }));
    },
    told: {
      verdict: { by: "expired", case: "slow-origin", values: { seconds: 5, lifetimeSeconds: 1 } },
    },
  },
  {
    id: "Expires equals Date",
    origin: (_, __, clock) => page("page", { expires: clock.date(), date: clock.date() }),
    told: because("expires-before-date", { seconds: 0 }),
  },
  {
    id: "the origin's max-age=0 for a 404 overrides the route's negative",
    routes: [{ name: "articles", match: "/articles/*", negative: { 404: "1m" } }],
    origin: () => page("none", cc("max-age=0"), 404),
    told: because("zero-by-origin", { assignedBy: "negative", assignedSeconds: 60 }),
    says: [/its negative of 60 s has no effect, because the origin's fields take precedence/],
  },
  {
    id: "Expires is not a date",
    origin: () => page("page", { expires: "0" }),
    told: because("expires-no-date"),
  },
  {
    id: "the origin sends no-cache with a validator",
    origin: saying("no-cache, max-age=300", { etag: '"1"' }),
    told: { verdict: { by: "no-cache" } },
    says: [/omit no-cache, or give the route mode: "override" with fresh\.$/m],
  },
  {
    id: "the origin's max-age=0 overrides the route's fresh",
    routes: [{ name: "articles", match: "/articles/*", fresh: "5m" }],
    origin: saying("max-age=0"),
    told: because("zero-by-origin", { from: "max-age in Cache-Control", assignedSeconds: 300 }),
  },
  {
    id: "the origin's max-age=0 with a validator overrides the route's fresh",
    routes: [{ name: "articles", match: "/articles/*", fresh: "5m" }],
    origin: saying("max-age=0", { etag: '"1"' }),
    told: { verdict: { by: "expired", case: "zero-by-origin", values: { assignedSeconds: 300 } } },
  },
  {
    id: "neither the origin nor the route gives a lifetime",
    origin: () => page("page"),
    told: because("no-lifetime"),
  },
  {
    id: "a 404 without a lifetime",
    routes: [{ name: "articles", match: "/articles/*", fresh: "5m" }],
    origin: () => page("none", {}, 404),
    told: because("no-lifetime", { status: 404 }),
  },
  {
    id: "a redirect without a lifetime",
    routes: [{ name: "articles", match: "/articles/*", fresh: "5m" }],
    origin: () => new Response(null, { status: 302, headers: { location: "/elsewhere" } }),
    told: notStored("not-allowed-explicitly"),
  },
  {
    id: "the lifetime is 1 s, and requests come every 5 s",
    origin: saying("max-age=300, s-maxage=1"),
    before: async (site) => site.clock.advance(5),
    question: {},
    told: { look: { last: { lifetimeSeconds: 1, lifetimeFrom: "s-maxage in Cache-Control" } } },
    says: [
      /no stored response fits the request .*; the last answer for it was stored, but is gone/,
    ],
  },
];
