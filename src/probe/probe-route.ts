// GET /_cache/probe: reads the probed pages once in this isolate, for `tidemark probe`.
import { errorsOf, jsonAnswer } from "../admin/json-answers.ts";
import type { OperatorAnswer } from "../protocol/answers.ts";
import type { Background } from "../platform/platform.ts";
import type { ProbedPages } from "./probed-pages.ts";
import type { ProbeWorker } from "./probe-worker.ts";
import { readPage } from "./read-page.ts";

export const refused = errorsOf("Nothing was probed.");

/** @returns 200 with the version of each page */
export async function probeRoute(
  request: Request,
  background: Background,
  { site, contextFor, pages }: ProbeWorker & { readonly pages: ProbedPages },
): Promise<Response> {
  const context = contextFor(request, background);
  const { allowanceMs } = site.config.purge;
  const reads: OperatorAnswer<"probe">["pages"][number][] = [];
  for (const page of pages.at(site.readUrl(request).target)) {
    const read = await readPage(page, context);
    const versionAtMs = read.kind === "stored" ? read.versionAtMs : null;
    const withinSeconds = page.read.route.purgeMaxLagMs / 1_000;
    reads.push({ page: page.path, result: read.kind, versionAtMs, withinSeconds });
  }
  const answer: OperatorAnswer<"probe"> = {
    colo: context.colo(),
    allowanceSeconds: allowanceMs / 1_000,
    purge: pages.order,
    pages: reads,
  };
  return jsonAnswer(answer);
}
