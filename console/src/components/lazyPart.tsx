import { Alert, Button } from "@mui/material";
import { Component, type ComponentType, type ReactNode } from "react";
import { useTranslation } from "react-i18next";

import { forgetFailedPages, lazyPage, NotLoaded } from "../lib/lazyPage";

/**
 * A part of a page whose file comes when it is first shown. One that does not come is said in its place, with a way to
 * try again: the rest of the page stays.
 */
export function lazyPart<Props extends object>(load: () => Promise<{ default: ComponentType<Props> }>) {
  const Part = lazyPage<"default", Props>(load, "default");
  return function LazyPart(props: Props) {
    return (
      <Boundary>
        <Part {...props} />
      </Boundary>
    );
  };
}

// Whoever tries again means every part that is missing.
const failing = new Set<Boundary>();

/** Only a class can catch; what is broken rather than missing is for whoever is around. */
class Boundary extends Component<{ children: ReactNode }, { error: unknown }> {
  override state = { error: undefined as unknown };

  static getDerivedStateFromError(error: unknown) {
    return { error };
  }

  override componentDidCatch() {
    failing.add(this);
  }

  override componentWillUnmount() {
    failing.delete(this);
  }

  override render() {
    if (this.state.error === undefined) return this.props.children;
    if (!(this.state.error instanceof NotLoaded)) throw this.state.error;
    return <Missing replaced={this.state.error.replaced} />;
  }
}

function tryAgain(): void {
  forgetFailedPages();
  for (const boundary of failing) boundary.setState({ error: undefined });
  failing.clear();
}

/** Of a version that is gone nothing more will come. */
function Missing({ replaced }: { replaced: boolean }) {
  const { t } = useTranslation();
  const again = (
    <Button color="inherit" size="small" onClick={replaced ? () => location.reload() : tryAgain}>
      {t(replaced ? "crash.reload" : "failure.retry")}
    </Button>
  );
  return (
    <Alert severity="warning" action={again}>
      {t(replaced ? "replaced.title" : "failure.part")}
    </Alert>
  );
}
