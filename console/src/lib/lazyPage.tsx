import { use, type ComponentType } from "react";

import { Problem } from "./api";

const failed = new Set<() => void>();

/** Ask anew for files of pages that could not be had. */
export function forgetFailedPages(): void {
  for (const forget of failed) forget();
  failed.clear();
}

/**
 * A page whose file comes with the first look at it. Unlike the router's own, one that could not be had is a failure
 * like every other, and is asked for again without loading the whole console anew.
 */
export function lazyPage<Name extends string>(load: () => Promise<Record<Name, ComponentType>>, name: Name) {
  let found: ComponentType | undefined;
  let coming: Promise<void> | undefined;
  const start = () =>
    (coming ??= load().then(
      (file) => {
        found = file[name];
      },
      () => {
        failed.add(() => (coming = undefined));
        throw new Problem(0, { code: "unreachable", message: "", details: {} });
      },
    ));

  function LazyPage() {
    if (!found) use(start());
    return found ? <Found page={found} /> : null;
  }
  LazyPage.preload = () => {
    forgetFailedPages();
    return start().catch(() => undefined);
  };
  return LazyPage;
}

function Found({ page: Page }: { page: ComponentType }) {
  return <Page />;
}
