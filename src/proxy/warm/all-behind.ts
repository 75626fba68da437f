// Runs a task, and also waits for the work that it leaves behind the answer.
import type { Context } from "../site/exchange.ts";

/** Waiting limits the number of bodies in memory to that of the tasks. */
export async function withAllBehind<Result>(
  context: Context,
  work: (context: Context) => Promise<Result>,
): Promise<Result> {
  const left: Promise<void>[] = [];
  const afterAnswer: Context["afterAnswer"] = (behind) =>
    context.afterAnswer(() => {
      const working = behind();
      // The caller that runs the work counts its failure.
      left.push(working.catch(() => undefined));
      return working;
    });
  const result = await work({ ...context, afterAnswer });
  while (left.length > 0) await Promise.all(left.splice(0));
  return result;
}
