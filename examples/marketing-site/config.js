// This is the demo's key. A key like it is publishable: it can be read here by everybody, it asks for forms and posts choices, and works only on pages
// of the origins that it was made for. Never put a secret key into a page.
window.KRAKEN = {
  api: "http://127.0.0.1:8000/api/v1",
  key: "kp_demosite_publishable-key-of-the-demo-which-is-no-secret",
  form: "newsletter",
};
