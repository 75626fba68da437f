// Examines an origin interactively: shows progress, confirms a redirect to another host, and explains failures.
import { failure } from "../command-error.ts";
import { lookAtOrigin, type LookRefusal, type OriginSight } from "../origin/look-at-origin.ts";
import { OriginClient } from "../origin/origin-client.ts";
import type { Session } from "../session.ts";

interface LookOptions {
  /** Whether `--yes` answers all questions. */
  readonly saysYes: boolean;
  readonly paths: readonly string[];
  readonly pageCountMax: number;
}

/** Follows a redirect to another host once, if the user or `--yes` confirms. */
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
    if (terminal.showsProgress) terminal.note(`Examining ${address} …`);
    const look = await lookAtOrigin(new OriginClient(address, world), {
      paths: looking.paths,
      pageCountMax: looking.pageCountMax,
      onPage,
      nowAtMs: world.nowAtMs,
    });
    if (look.kind === "seen") return look.sight;
    const isAsked = terminal.isInteractive || looking.saysYes;
    if (look.kind !== "elsewhere" || turns > 1 || !isAsked) throw refusal(address, look);
    await terminal.confirmed(`${address} redirects to ${look.to}. Use that address?`);
    address = look.to;
  }
}

function refusal(origin: string, look: LookRefusal) {
  if (look.kind === "failed") {
    const { code, why } = look.failure;
    const hint =
      code === "certificate"
        ? "Fix the certificate: the Worker would also reject it."
        : "Check the address, and that the site is up.";
    const what = `${origin} could not be fetched, and nothing was written.`;
    return failure({ what, why: `${why}.`, hint }, code);
  }
  if (look.kind === "elsewhere") {
    const what = `${origin} was not examined, and nothing was written.`;
    const why = `It redirects to ${look.to}.`;
    const hint = `If that is the site, run: tidemark init ${look.to}`;
    return failure({ what, why, hint }, "elsewhere");
  }
  const what = `${origin} served no page, and nothing was written.`;
  const why = `Every response was an error; the first status was ${look.status}.`;
  const hint =
    "Allow this machine at the origin, name a public page with --page, or retry when the site is up.";
  return failure({ what, why, hint }, "refused");
}
