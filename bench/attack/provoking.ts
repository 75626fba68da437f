// Attacks on honest clients' pages. Their requests make the origin fail, or send a response that
// must not be shared.
import type { Attack } from "./attack.ts";
import { somePage } from "./askings.ts";

/** The field whose value selects a failure of the origin. */
export const chokeField = "x-choke";

const provoked = (
  name: string,
  said: string,
  ways: readonly string[],
  rateShare = 0.6,
): Attack => ({
  name,
  said: `honest clients' pages, with a field for which the origin ${said}`,
  manner: "ask",
  rateShare,
  asking: (nth, draws) => ({
    path: somePage(draws),
    headers: { [chokeField]: ways[nth % ways.length] ?? "500" },
  }),
});

export const provoking: readonly Attack[] = [
  provoked("provoked-errors", "answers 500 and 503", ["500", "503"]),
  provoked("provoked-resets", "resets the connection", ["reset"]),
  provoked("provoked-hangs", "never answers", ["hang"], 0.2),
  provoked("provoked-cuts", "ends the connection within the body", ["cut"]),
  provoked("provoked-refusals", "answers 302, 401, 403, `private` and `Set-Cookie`", [
    "302",
    "401",
    "403",
    "private",
    "set-cookie",
  ]),
  provoked("provoked-missing", "answers 404, which the route stores for 30 s", ["404"]),
  {
    name: "endless-streams",
    said: "endless streams of events or lines, on two paths",
    manner: "reset-during",
    rateShare: 0.2,
    asking: (nth) => ({ path: `/stream/${nth % 2 === 0 ? "event-stream" : "lines"}` }),
  },
];
