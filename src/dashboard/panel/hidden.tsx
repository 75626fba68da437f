// The fields of a first form, hidden in the form that confirms it.

export function Hidden({ fields }: { readonly fields: URLSearchParams }) {
  return (
    <>
      {[...fields]
        .filter(([name]) => name !== "confirmed")
        .map(([name, value]) => (
          <input type="hidden" name={name} value={value} />
        ))}
    </>
  );
}
