// An error of an operator's route: what happened, why, and how to fix it.

export interface Notice {
  readonly what?: string;
  readonly why: string;
  readonly hint: string;
}

export function NoticeBox({ what = "This part cannot be shown.", why, hint }: Notice) {
  return (
    <div class="notice" role="alert">
      <p>
        <strong>{what}</strong> {why}
      </p>
      <p>{hint}</p>
    </div>
  );
}
