import { createTheme } from "@mui/material/styles";

/** Calm and legible: one accent, text that keeps 4.5:1 on its ground in both schemes, no shouting capitals. */
export const theme = createTheme({
  cssVariables: { colorSchemeSelector: "data-scheme" },
  colorSchemes: {
    light: {
      palette: {
        primary: { main: "#0b6e6e" },
        secondary: { main: "#5b4a9e" },
        success: { main: "#1b6e3c" },
        warning: { main: "#8a4b00" },
        error: { main: "#b3261e" },
        info: { main: "#1f5fa8" },
        background: { default: "#f5f7f8", paper: "#ffffff" },
        text: { primary: "#17252a", secondary: "#4a5b61" },
      },
    },
    dark: {
      palette: {
        primary: { main: "#5fd0c8" },
        secondary: { main: "#b9a8f5" },
        success: { main: "#7bd89a" },
        warning: { main: "#f2b766" },
        error: { main: "#ff9b93" },
        info: { main: "#8ec2ff" },
        background: { default: "#0f1719", paper: "#172225" },
        text: { primary: "#e8f0f1", secondary: "#b0c0c4" },
      },
    },
  },
  shape: { borderRadius: 10 },
  typography: {
    fontFamily: 'system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif',
    h1: { fontSize: "1.75rem", fontWeight: 650, letterSpacing: "-0.01em" },
    h2: { fontSize: "1.2rem", fontWeight: 620 },
    h3: { fontSize: "1rem", fontWeight: 620 },
    h6: { fontSize: "1.2rem", fontWeight: 620 },
    button: { textTransform: "none", fontWeight: 600 },
  },
  components: {
    MuiCssBaseline: {
      styleOverrides: {
        // Whoever asked their system for less motion gets none.
        "@media (prefers-reduced-motion: reduce)": {
          "*, *::before, *::after": { transitionDuration: "0s !important", animationDuration: "0s !important" },
        },
      },
    },
    // Whoever goes by keyboard sees where they are on every ground, also where a ripple alone would say it.
    MuiButtonBase: {
      styleOverrides: {
        root: { "&.Mui-focusVisible": { outline: "2px solid currentColor", outlineOffset: -3 } },
      },
    },
    // In the dark Material lightens what lies above until a dialog is grey; an edge says it as well.
    MuiDialog: { styleOverrides: { paper: { backgroundImage: "none", border: "1px solid var(--mui-palette-divider)" } } },
    MuiCard: { defaultProps: { variant: "outlined" } },
    MuiButton: { defaultProps: { disableElevation: true } },
    MuiTextField: { defaultProps: { size: "small", fullWidth: true } },
    MuiTableCell: { styleOverrides: { root: { fontVariantNumeric: "tabular-nums" } } },
    MuiTooltip: { defaultProps: { arrow: true, enterTouchDelay: 0 } },
  },
});
