// Examines an origin interactively: shows progress, confirms a redirect to another host, and explains failures.
import { failure } from "../command-error.ts";
import { lookAtOrigin, type LookRefusal, type OriginSight } from "../origin/look-at-origin.ts";
import { OriginClient } from "../origin/origin-client.ts";
import type { Session } from "../session.ts";

interface LookOptions {
  /** All questions are answered with yes. */
  readonly saysYes: boolean;
  readonly paths: readonly string[];
  readonly pageCountMax: number;
}

/** Follows a redirect to another host once, if the user confirms. */
export async function seenOrigin(
  origin: string,
  session: Session,
  looking: LookOptions,
): Promise<OriginSight> {
  const { terminal, world } = session;
  let address = origin;
  for (let turns = 1; ; turns += 1) {
    const onPage = (path: string) => {
      if (terminal.showsProgress) terminal.note(`  ${path}`);
    };
    if (terminal.showsProgress) terminal.note(`Looking at ${address} …`);
    const looked = await lookAtOrigin(new OriginClient(address, world), {
      paths: looking.paths,
      pageCountMax: looking.pageCountMax,
      onPage,
      nowAtMs: world.nowAtMs,
    });
    if (looked.kind === "seen") return looked.sight;
    const isAsked = terminal.isInteractive || looking.saysYes;
    if (looked.kind !== "elsewhere" || turns > 1 || !isAsked) throw refusal(address, looked);
    await terminal.confirmed(`${address} redirects to ${looked.to}. Use that one?`);
    address = looked.to;
  }
}

function refusal(origin: string, looked: LookRefusal) {
  if (looked.kind === "failed") {
    const { code, why } = looked.failure;
    const hint =
      code === "certificate"
        ? "Fix the certificate: the Worker would also refuse it."
        : "Check the address, and that the site is up.";
    const what = `${origin} could not be fetched, and nothing was written.`;
    return failure({ what, why: `${why}.`, hint }, code);
  }
  if (looked.kind === "elsewhere") {
    const what = `${origin} was not examined, and nothing was written.`;
    const why = `It redirects to ${looked.to}.`;
    const hint = `If that is the site, run: tidemark init ${looked.to}`;
    return failure({ what, why, hint }, "elsewhere");
  }
  const what = `${origin} showed no page, and nothing was written.`;
  const why = `Every answer was an error, the first one ${looked.status}.`;
  const hint =
    "Allow this machine at the origin, name a public page with --page, or retry when the site is up.";
  return failure({ what, why, hint }, "refused");
}
