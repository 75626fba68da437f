// Tests refusals of the `logs` options, and of trace fields in a cache key.
import { expect, it } from "vitest";
import { refusalOf, route } from "./refusal-of.ts";

it.each([
  { written: { logs: { sample: "1%" } }, says: "logs.sample: must be a share, such as 0.01" },
  { written: { logs: { sample: -0.1 } }, says: "logs.sample: is less than 0" },
  { written: { logs: { sample: 1.01 } }, says: "logs.sample: is more than 1" },
  { written: { logs: { paths: 1 } }, says: "logs.paths: must be true or false" },
  { written: { logs: { slowerThan: "1s" } }, says: 'logs: "slowerThan" is not a field of logs' },
  {
    written: route({ key: { headers: ["TraceParent"] } }),
    says: 'route "news", key.headers: names traceparent or tracestate, which differ in each request; remove that name',
  },
])("refuses a configuration: $says", ({ written, says }) => {
  expect(refusalOf(written)).toBe(says);
});
