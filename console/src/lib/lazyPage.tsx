import { use, type ComponentType } from "react";

import { Problem } from "./api";
import { isReplaced } from "./version";

/** A page's or a part's file could not be had: the network is away, or another version of the console is served now. */
export class NotLoaded extends Problem {
  constructor(readonly replaced: boolean) {
    super(0, { code: "unreachable", message: "", details: {} });
  }
}

const failed = new Set<() => void>();

/** Ask anew for files that could not be had. */
export function forgetFailedPages(): void {
  for (const forget of failed) forget();
  failed.clear();
}

/**
 * A page whose file comes with the first look at it. Unlike the router's own, one that could not be had is a failure
 * like every other, and is asked for again without loading the whole console anew.
 */
export function lazyPage<Name extends string, Props extends object = object>(
  load: () => Promise<Record<Name, ComponentType<Props>>>,
  name: Name,
) {
  let found: ComponentType<Props> | undefined;
  let coming: Promise<void> | undefined;
  const start = () =>
    (coming ??= load().then(
      (file) => {
        found = file[name];
      },
      async () => {
        failed.add(() => (coming = undefined));
        throw new NotLoaded(await isReplaced());
      },
    ));

  function LazyPage(props: Props) {
    if (!found) use(start());
    return found ? <Found page={found} props={props} /> : null;
  }
  LazyPage.preload = () => {
    forgetFailedPages();
    return start().catch(() => undefined);
  };
  return LazyPage;
}

function Found<Props extends object>({ page: Page, props }: { page: ComponentType<Props>; props: Props }) {
  return <Page {...props} />;
}
