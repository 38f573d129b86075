"""The provider's HTML: the login and consent page, and the error page. No HTTP here."""

from __future__ import annotations

from html import escape
from string import Template

_STYLE = """
:root { color-scheme: light dark; --line: #8884; --accent: #2457d6; }
* { box-sizing: border-box; }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; background: #8881;
  font: 16px/1.5 system-ui, sans-serif; }
main { width: min(24rem, 92vw); padding: 2rem; background: Canvas; border: 1px solid var(--line);
  border-radius: .75rem; box-shadow: 0 .5rem 2rem #0002; }
h1 { margin: 0 0 .5rem; font-size: 1.25rem; }
label { display: block; margin-top: 1rem; font-size: .875rem; }
input { width: 100%; margin-top: .25rem; padding: .5rem .75rem; font: inherit;
  border: 1px solid var(--line); border-radius: .4rem; }
.choice { display: flex; gap: .75rem; margin-top: 1.5rem; }
button { flex: 1; padding: .6rem; font: inherit; cursor: pointer; border-radius: .4rem;
  border: 1px solid var(--line); background: transparent; color: inherit; }
button[value=allow] { background: var(--accent); border-color: var(--accent); color: #fff; }
.error { color: #c62828; }
small { opacity: .7; overflow-wrap: anywhere; }
"""

_PAGE = Template("""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>$title</title>
<style>$style</style>
</head>
<body>
<main>
<h1>$title</h1>
$content
</main>
</body>
</html>
""")

_CONSENT = Template("""<p><strong>$client</strong> asks for access to your demo data
(scope: <strong>$scope</strong>).</p>
$error
<form method="post" action="authorize">
<input type="hidden" name="ticket" value="$ticket">
<label>User name <input name="username" autocomplete="username" required autofocus></label>
<label>Password
<input name="password" type="password" autocomplete="current-password" required></label>
<div class="choice">
<button name="decision" value="allow">Allow</button>
<button name="decision" value="deny" formnovalidate>Deny</button>
</div>
</form>
<p><small>You will be redirected to $redirect_uri</small></p>""")


def consent_page(client: str, scope: str, redirect_uri: str, ticket: str, error: str = "") -> str:
    """Return the page for login and consent; its form carries ``ticket``."""
    content = _CONSENT.substitute(
        client=escape(client),
        scope=escape(scope),
        redirect_uri=escape(redirect_uri),
        ticket=escape(ticket),
        error=_alert(error) if error else "",
    )
    return _page("Sign in to the demo API", content)


def error_page(message: str) -> str:
    """Return the page for a request that must not be redirected to its client."""
    return _page("This request cannot be processed", _alert(message))


def _alert(message: str) -> str:
    return f'<p class="error" role="alert">{escape(message)}</p>'


def _page(title: str, content: str) -> str:
    return _PAGE.substitute(title=escape(title), style=_STYLE, content=content)
