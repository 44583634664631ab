import CssBaseline from "@mui/material/CssBaseline";
import { ThemeProvider } from "@mui/material/styles";
import { QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { StrictMode, Suspense } from "react";
import { createRoot } from "react-dom/client";

import { router } from "./app/router";
import { theme } from "./app/theme";
import { Notices } from "./components/Notices";
import { Problem } from "./lib/api";
import { startI18n } from "./lib/i18n";
import { queries } from "./lib/query";

await startI18n();

const place = document.getElementById("root");
if (!place) throw new Error("the page has no place for the application");
createRoot(place, {
  // A failure that the page shows is no fault of the page's.
  onCaughtError: (error) => {
    if (!(error instanceof Problem)) console.error(error);
  },
}).render(
  <StrictMode>
    <ThemeProvider theme={theme} noSsr>
      <CssBaseline />
      <QueryClientProvider client={queries}>
        <Notices>
          <Suspense>
            <RouterProvider router={router} />
          </Suspense>
        </Notices>
      </QueryClientProvider>
    </ThemeProvider>
  </StrictMode>,
);
