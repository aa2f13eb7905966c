#!/usr/bin/env python3
"""The web page in a real browser: a key's life from sign-in to deactivation, keyboard and screen
readers, phone width, and what a page may not do."""
import gzip
import json
import os

from browser import ENTER, ESCAPE, TAB, Browser
from harness import ADMIN_KEY, eventually, node_packages, request, run, stack

HERE = os.path.dirname(os.path.abspath(__file__))


def axe():
    """axe-core's program."""
    place = node_packages(os.path.join(HERE, "axe"), "axe-tests")
    with open(os.path.join(place, "node_modules", "axe-core", "axe.min.js"), encoding="utf-8") as file:
        return file.read()


def sign_in(browser, proxy):
    browser.go(f"http://127.0.0.1:{proxy.admin_port}/")
    browser.ready("sign-in")
    browser.type("#admin-key", ADMIN_KEY)
    browser.press("Sign in")
    browser.ready("#/")


def visit(browser, place):
    browser.script("document.getElementById('main').dataset.ready = ''; location.hash = ''; location.hash = arguments[0]", place)
    browser.ready(place)


def serious_faults(browser, program):
    browser.script(program + "; window.axe = axe;")
    return browser.call("POST", browser.session + "/execute/async", {"args": [], "script": """
        const done = arguments[arguments.length - 1];
        axe.run(document, { resultTypes: ['violations'] }).then((found) => done(found.violations
            .filter((each) => ['serious', 'critical'].includes(each.impact))
            .map((each) => `${each.id}: ${each.nodes[0].html.slice(0, 160)}`)));"""})


def by_keyboard(browser):
    """The first Tab goes to the link past the bar; a dialog opens by Enter, closes by Escape, and gives focus back."""
    focused = "return document.activeElement.textContent"
    visit(browser, "#/keys")
    browser.call("POST", browser.session + "/refresh")
    browser.ready("#/keys")
    browser.keys(TAB)
    assert browser.script(focused) == "Skip to the content", browser.script(focused)
    browser.script("[...document.querySelectorAll('button')].find((b) => b.textContent === 'Create key').focus()")
    browser.keys(ENTER)
    browser.wait("return document.querySelector('dialog')?.contains(document.activeElement)", "focus in the dialog")
    browser.keys(ESCAPE)
    browser.wait("return !document.querySelector('dialog')", "the dialog's end")
    assert browser.script(focused) == "Create key", browser.script(focused)


def a_keys_life():
    """sign in, create, see the secret once, use it, hit a limit, rotate, deactivate"""
    with stack() as (simulator, proxy):
        browser = Browser()
        try:
            browser.go(f"http://127.0.0.1:{proxy.admin_port}/")
            browser.ready("sign-in")
            browser.type("#admin-key", "not the key")
            browser.press("Sign in")
            browser.wait("return document.querySelector('.wrong').textContent.includes('invalid admin key')", "the refusal")
            browser.console()  # the refused sign-in is in it
            browser.type("#admin-key", ADMIN_KEY)
            browser.press("Sign in")
            browser.ready("#/")

            visit(browser, "#/keys")
            assert "No key yet" in browser.text(), browser.text()
            team = proxy.create_key("team", is_group=True)
            browser.press("Create key")
            browser.type("#f-name", "from <b>the</b> page")
            browser.type("#f-requests_per_minute", "2")
            browser.type("#f-models", "deepseek-flash")
            browser.type("#f-model_aliases", "gpt-4o=deepseek-flash")
            browser.type("#f-rotate_every_days", "90")
            browser.type("#f-parent", team["id"])
            browser.script("document.querySelector('[name=may_delegate]').click()")
            browser.script("document.querySelector('dialog form').requestSubmit()")
            secret = browser.wait("return document.querySelector('#secret')?.value", "the secret")
            browser.press("I have copied it")
            browser.wait("return !document.querySelector('dialog')", "the dialog's end")
            assert secret not in browser.script("return document.documentElement.outerHTML"), "shown twice"
            browser.wait("return [...document.querySelectorAll('tbody a')].some((a) => a.textContent === 'from <b>the</b> page')",
                         "the key as text")
            [key] = [each for each in proxy.admin("GET", "/v1/keys")["data"] if not each["is_group"]]
            assert key["parent"] == team["id"] and key["may_delegate"] and key["rotate_every_days"] == 90, key
            assert key["model_aliases"] == {"gpt-4o": "deepseek-flash"}, key
            assert key["rate_limits"]["requests_per_minute"] == 2 and key["models"] == ["deepseek-flash"], key

            # The page that stands open shows what comes.
            visit(browser, "#/")
            requests = "return [...document.querySelectorAll('.tile')].find((t) => t.querySelector('dt').textContent === 'Requests')" \
                       ".querySelector('dd').firstChild.textContent === '%d'"
            browser.wait(requests % 0, "no request yet")
            assert [proxy.chat(secret)[0] for _ in range(3)] == [200, 200, 429]
            browser.wait(requests % 3, "the requests appear")
            assert len(simulator.requests()) == 2
            proxy.ledger()
            eventually(lambda: "rate_limit_exceeded" in [each["type"] for each in proxy.admin(
                "GET", f"/v1/keys/{key['id']}/events")["events"]], "the refusal in the books")
            visit(browser, "#/events")
            assert "rate limit exceeded" in browser.text(), browser.text()
            place = "#/keys/" + key["id"]
            visit(browser, place)
            assert " of 2\n" in browser.text(), browser.text()
            browser.wait("return document.querySelector('main').innerText.includes('rate limit exceeded')", "the event")
            bill = simulator.bill()["total_nano"]
            assert bill > 0
            eventually(lambda: proxy.usage(key["id"])["cost_nano_usd"] == bill, "what was billed is charged")

            browser.press("Change the rules")
            browser.type("#r-volume_factor", "5")
            browser.script("document.querySelector('[name=rule][value=new_network]').click()")
            browser.script("document.querySelector('dialog form').requestSubmit()")
            browser.wait("return document.querySelector('main').innerText.includes('5 instead of 2')", "the key's own rule")
            rules = proxy.admin("GET", f"/v1/keys/{key['id']}/alert-rules")
            assert rules["volume_factor"] == 5 and rules["muted"] == ["new_network"], rules

            browser.press("Rotate")
            browser.type("#grace", "0")
            browser.script("document.querySelector('dialog form').requestSubmit()")
            newer = browser.wait("return document.querySelector('#secret')?.value", "the new secret")
            browser.press("I have copied it")
            assert newer != secret
            assert proxy.chat(secret)[0] == 401 and proxy.chat(newer)[0] == 429

            browser.press("Deactivate")
            browser.press("Deactivate")
            browser.wait("return document.querySelector('h1').innerText.includes('inactive')", "the status")
            assert proxy.chat(newer)[0] == 401
            assert len(simulator.requests()) == 2

            # Somebody else changed it since the page read it: nothing is overwritten.
            browser.press("Edit")
            proxy.admin("PATCH", f"/v1/keys/{key['id']}", {"description": "by another owner"})
            browser.script("document.querySelector('dialog form').requestSubmit()")
            browser.wait("return document.querySelector('dialog .wrong').textContent !== ''", "the conflict")
            assert proxy.admin("GET", f"/v1/keys/{key['id']}")["description"] == "by another owner"
            browser.press("Cancel")
            complaints = [each for each in browser.console() if " 412 " not in each]
            assert complaints == [], complaints

            browser.press("Sign out")
            browser.ready("sign-in")
            browser.go(f"http://127.0.0.1:{proxy.admin_port}/#/keys")
            browser.ready("sign-in")
        finally:
            browser.close()


def everyone_can_use_it():
    """axe-core finds nothing serious on any page, light and dark; no page is wider than a phone; the keyboard does"""
    program = axe()
    pages = ["#/", "#/keys", "#/alerts", "#/events", "#/audit"]
    away = 'receiver = [{name = "away", kind = "webhook", url = "http://127.0.0.1:9/"}]'
    with stack(proxy_settings={"alerts": [away]}) as (simulator, proxy):
        key = proxy.create_key("seen", rate_limits={"requests_per_minute": 3, "monthly_spending_limit": 5},
                               daily_budget=0.000001)
        for _ in range(4):
            proxy.chat(key["key"])
        eventually(lambda: proxy.admin("GET", "/v1/alerts?state=open")["open"], "an alert to look at")
        pages.append("#/keys/" + key["id"])
        browser = Browser()
        try:
            browser.go(f"http://127.0.0.1:{proxy.admin_port}/")
            browser.ready("sign-in")
            faults = {"sign-in": serious_faults(browser, program)}
            sign_in(browser, proxy)
            for theme in ("light", "dark"):
                browser.script("if (document.documentElement.dataset.theme !== arguments[0]) document.getElementById('theme').click()", theme)
                for place in pages:
                    visit(browser, place)
                    faults[theme + place] = serious_faults(browser, program)
                browser.press("Rotate")
                faults[theme + "rotate"] = serious_faults(browser, program)
                browser.press("Cancel")
                visit(browser, "#/keys")
                browser.press("Create key")
                faults[theme + "create"] = serious_faults(browser, program)
                browser.press("Cancel")
            assert not any(faults.values()), json.dumps({k: v for k, v in faults.items() if v}, indent=1)
            visit(browser, "#/alerts")
            for told in ("daily budget exceeded", "seen", "away", "failing"):
                browser.wait(f"return document.getElementById('main').innerText.includes('{told}')", told)
            assert browser.script("return document.getElementById('open-alerts').textContent") == "1"
            by_keyboard(browser)
            browser.size(390, 800)
            for place in pages:
                visit(browser, place)
                wide = browser.script("return document.documentElement.scrollWidth - window.innerWidth")
                assert wide <= 0, (place, wide)
            assert browser.console() == []
        finally:
            browser.close()


def sessions_hold():
    """the cookie alone changes nothing; scripts cannot read it; policy and size of the page"""
    with stack() as (_, proxy):
        def ask(method, path, **headers):
            return request(proxy.admin_port, method, path, b"{}" if method != "GET" else None, headers)

        assert ask("POST", "/v1/session")[0] == 401
        assert ask("POST", "/v1/session", Authorization="Bearer wrong")[0] == 401
        status, headers, data = ask("POST", "/v1/session", Authorization="Bearer " + ADMIN_KEY)
        assert status == 201, data
        kept = headers["set-cookie"]
        assert "HttpOnly" in kept and "SameSite=Strict" in kept, kept
        cookie = kept.split(";")[0]
        csrf = json.loads(data)["csrf_token"]
        assert ask("GET", "/v1/keys", Cookie=cookie)[0] == 200
        assert ask("GET", "/v1/keys", Cookie=cookie[:-1] + ("0" if cookie[-1] != "0" else "1"))[0] == 401
        body = {"Cookie": cookie}
        assert ask("POST", "/v1/keys", **body)[0] == 403
        assert ask("POST", "/v1/keys", **body, **{"X-CSRF-Token": "0" * 64})[0] == 403
        status, _, data = ask("POST", "/v1/keys", **body, **{"X-CSRF-Token": csrf})
        assert status == 400 and b"name" in data, data  # past the door; the body is what is wrong
        for origin in ("http://evil.example", f"http://127.0.0.1:{proxy.port}", "null"):
            assert ask("GET", "/v1/keys", Cookie=cookie, Origin=origin)[0] == 403, origin
        assert ask("GET", "/", Host="evil.example")[0] == 403
        # A wrong key is judged by itself, whatever the cookie says.
        assert ask("GET", "/v1/keys", Cookie=cookie, Authorization="Bearer wrong")[0] == 401
        assert ask("DELETE", "/v1/session", Cookie=cookie, **{"X-CSRF-Token": csrf})[0] == 200
        assert ask("GET", "/v1/keys", Cookie=cookie)[0] == 401
        # The data plane takes no session for a key.
        assert request(proxy.port, "GET", "/v1/models", headers={"Cookie": cookie})[0] == 401

        status, headers, page = ask("GET", "/")
        assert status == 200 and "default-src 'none'" in headers["content-security-policy"]
        size, waiting, seen = len(gzip.compress(page)), [page], set()
        while waiting:
            text = waiting.pop().decode()
            for part in text.replace("'", '"').split('"'):
                name = part.removeprefix("/assets/").removeprefix("./")
                if name.endswith((".js", ".css", ".svg")) and "/" not in name and name not in seen:
                    seen.add(name)
                    status, _, data = ask("GET", "/assets/" + name)
                    assert status == 200, name
                    size += len(gzip.compress(data))
                    waiting.append(data if not name.startswith("chart.") else b"")
        assert len(seen) > 10 and size < 150_000, (size, seen)
        assert b"http://" not in page and b"https://" not in page


if __name__ == "__main__":
    run([a_keys_life, everyone_can_use_it, sessions_hold])
