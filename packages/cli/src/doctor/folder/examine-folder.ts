// The first part of doctor: the folder that a Worker is deployed from.
import type { DoctorFinding, Examined } from "../finding.ts";
import { addressFindings } from "./address-findings.ts";
import { bindingFindings } from "./binding-findings.ts";
import type { FolderRead } from "./folder-read.ts";
import { secretFileFindings, secretsInVars } from "./secret-findings.ts";
import { workerFindings } from "./worker-findings.ts";

export function examineFolder(read: FolderRead): Examined {
  const { wrangler, configuration, secretFiles } = read;
  const seen = [
    ...(wrangler.kind === "absent" ? [] : [wrangler.name]),
    ...(configuration === undefined ? [] : ["tidemark.config.ts"]),
    ...secretFiles.map(({ name }) => name),
  ];
  return {
    findings: [...fileFindings(read), ...ofDeployments(read), ...secretFileFindings(read)],
    lookedAt: seen.length === 0 ? [] : [`the folder: ${seen.join(", ")}`],
    notLookedAt: [
      ...(wrangler.kind === "absent"
        ? ["The wrangler file: there is none in this folder. Name its folder with --folder."]
        : []),
      ...(wrangler.kind !== "absent" && configuration === undefined
        ? [
            "tidemark.config.ts: there is none in this folder, so nothing tells whether hotKeys is used.",
          ]
        : []),
      ...(wrangler.kind === "read"
        ? ["Secrets that are set at Cloudflare: the wrangler file does not show them."]
        : []),
    ],
  };
}

function fileFindings({ wrangler, wranglerNames }: FolderRead): DoctorFinding[] {
  const [taken, ...others] = wranglerNames;
  return [
    ...(wrangler.kind === "malformed" ? [malformed(wrangler)] : []),
    ...(taken === undefined || others.length === 0 ? [] : [several(taken, others)]),
  ];
}

function malformed({ name, why }: { name: string; why: string }): DoctorFinding {
  return {
    code: "wrangler-syntax",
    level: "critical",
    about: `the file ${name}`,
    what: "The Worker cannot be deployed.",
    cause: why,
    remedy: `Mend that line of ${name}.`,
  };
}

function several(taken: string, others: readonly string[]): DoctorFinding {
  return {
    code: "wrangler-several",
    level: "warning",
    what: `What is written in ${others.join(", ")} has no effect.`,
    cause: `There are several wrangler files, and wrangler takes ${taken}.`,
    remedy: "Keep one of them.",
  };
}

/** What an environment has inherited is told once, of the top. */
function ofDeployments(read: FolderRead): DoctorFinding[] {
  const told = new Set<string>();
  return read.deployments.flatMap((deployment) => {
    const found = [
      ...workerFindings(deployment, read),
      ...addressFindings(deployment, read),
      ...secretsInVars(deployment),
      ...bindingFindings(deployment, read),
    ];
    const textOf = ({ code, cause }: DoctorFinding) => `${code} ${cause}`;
    const isNew = (one: DoctorFinding) =>
      !told.has(textOf(one)) || (one.about !== undefined && ownCodes.has(one.code));
    const fresh = found.filter(isNew);
    if (deployment.environment === undefined) for (const one of found) told.add(textOf(one));
    return fresh;
  });
}

/** An environment has these of its own, since it does not inherit what they are about. */
const ownCodes: ReadonlySet<string> = new Set(["origin-missing", "secret-in-vars"]);
