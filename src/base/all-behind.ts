// Runs a task, and waits for the background work that the task starts.

interface AfterAnswer {
  /** Starts background work. */
  readonly afterAnswer: (work: () => Promise<void>) => void;
}

/**
 * Waits for the task and all of its background work. So memory holds only the bodies of running
 * tasks.
 */
export async function withAllBehind<Context extends AfterAnswer, Result>(
  context: Context,
  work: (context: Context) => Promise<Result>,
): Promise<Result> {
  const left: Promise<void>[] = [];
  const afterAnswer: AfterAnswer["afterAnswer"] = (behind) =>
    context.afterAnswer(() => {
      const working = behind();
      // The context's own `afterAnswer` reports a failure of the work.
      left.push(working.catch(() => undefined));
      return working;
    });
  const result = await work({ ...context, afterAnswer });
  while (left.length > 0) await Promise.all(left.splice(0));
  return result;
}
