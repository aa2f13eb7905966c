#!/usr/bin/env python3
"""What operators are handed: the Debian package, the unit, the container's and Kubernetes' files."""
import atexit
import functools
import hashlib
import json
import os
import re
import shutil
import subprocess
import tempfile

import yaml

from harness import BUILD, REAL_KEY, Simulator, eventually, free_port, request, run, workspace

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
DEPLOY = os.path.join(ROOT, "deploy")


def said(*command, **options):
    done = subprocess.run(command, capture_output=True, text=True, check=False, **options)
    assert done.returncode == 0, (command, done.stdout[-2000:], done.stderr[-2000:])
    return done.stdout


def built(directory):
    os.makedirs(directory, exist_ok=True)
    env = {**os.environ, "BUILD_DIR": BUILD, "SOURCE_DATE_EPOCH": "1767225600"}
    return said(os.path.join(DEPLOY, "package", "build-deb"), directory, env=env).strip()


@functools.cache
def package():
    """Built once for all tests that want one."""
    place = tempfile.TemporaryDirectory(prefix="package.")
    atexit.register(place.cleanup)
    return built(place.name)


def the_unit_is_hardened():
    """exposure of at most 2.0, by systemd's own count"""
    text = said("systemd-analyze", "security", "--offline=yes", os.path.join(DEPLOY, "package", "deepseek-proxy.service"))
    exposure = float(re.search(r"Overall exposure level for deepseek-proxy.service: ([0-9.]+)", text).group(1))
    assert exposure <= 2.0, text


def the_same_bytes_twice():
    """two packages of the same programs are one; lintian finds nothing; the bill of materials is whole"""
    with workspace() as directory:
        first, second = package(), built(os.path.join(directory, "second"))
        digests = {hashlib.sha256(open(path, "rb").read()).hexdigest() for path in (first, second)}
        assert len(digests) == 1, (first, second)
        found = subprocess.run(["lintian", "--allow-root", "--fail-on", "error,warning", first], capture_output=True,
                               text=True, check=False)
        assert found.returncode == 0, found.stdout
        tree = os.path.join(directory, "tree")
        said("dpkg-deb", "-x", first, tree)
        with open(os.path.join(tree, "usr/share/doc/deepseek-proxy/sbom.spdx.json"), encoding="utf-8") as file:
            bom = json.load(file)
        names = {part["name"] for part in bom["packages"]}
        assert {"deepseek-proxy", "libssl3", "libsqlite3-0", "libc6"} <= names or "libssl3t64" in names, names
        assert len(bom["relationships"]) == len(bom["packages"])
        for program in ("deepseek-proxy", "deepseek"):
            path = os.path.join(tree, "usr/bin", program)
            assert "not found" not in said("ldd", path)
            # Neither does it matter where they were built: nothing in them tells.
            with open(path, "rb") as file:
                code = file.read()
            for place in (ROOT, os.path.realpath(BUILD)):
                assert place.encode() + b"/" not in code, (program, place)
            assert not re.search(rb"(?<![\w/])(\.\./)*(proxy|policies)/[\w/]+\.[ch]pp\0", code), program
            assert "Build ID" not in said("readelf", "-n", path)
        config = os.path.join(tree, "etc/deepseek-proxy/config.toml")
        assert "valid" in said(os.path.join(BUILD, "deepseek-proxy"), "check-config", "--config", config)


def documents_parse():
    """compose and Kubernetes files are YAML of the kinds they say, and their configurations are valid"""
    def valid(text):
        assert '"file:' not in text  # mounted secrets are readable by a group, which file: refuses
        with tempfile.NamedTemporaryFile("w", suffix=".toml") as file:
            file.write(text)
            file.flush()
            assert "valid" in said(os.path.join(BUILD, "deepseek-proxy"), "check-config", "--config", file.name)

    with open(os.path.join(DEPLOY, "container", "config.toml"), encoding="utf-8") as file:
        valid(file.read())
    with open(os.path.join(DEPLOY, "container", "compose.yaml"), encoding="utf-8") as file:
        compose = yaml.safe_load(file)
    valid(compose["configs"]["proxy"]["content"])
    for name in ("proxy-1", "proxy-2"):
        service = compose["services"][name]
        assert service["read_only"] and service["cap_drop"] == ["ALL"], service
        assert set(service["secrets"]) == set(compose["secrets"])
    kinds = {}
    for name in ("deepseek-proxy.yaml", "service-monitor.yaml"):
        with open(os.path.join(DEPLOY, "kubernetes", name), encoding="utf-8") as file:
            for part in yaml.safe_load_all(file):
                kinds.setdefault(part["kind"], []).append(part)
    assert set(kinds) == {"ConfigMap", "StatefulSet", "Service", "PodDisruptionBudget", "NetworkPolicy",
                          "ServiceMonitor"}
    valid(kinds["ConfigMap"][0]["data"]["config.toml"])
    pod = kinds["StatefulSet"][0]["spec"]["template"]
    [container] = pod["spec"]["containers"]
    assert container["securityContext"] == {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True,
                                            "capabilities": {"drop": ["ALL"]}}
    assert pod["spec"]["securityContext"]["runAsNonRoot"]
    volumes = {each["name"] for each in pod["spec"]["volumes"]} | {
        each["metadata"]["name"] for each in kinds["StatefulSet"][0]["spec"]["volumeClaimTemplates"]}
    assert {each["name"] for each in container["volumeMounts"]} == volumes
    ports = {each["name"] for each in container["ports"]}
    for service in kinds["Service"]:
        assert {each["targetPort"] for each in service["spec"]["ports"]} <= ports
        assert service["spec"]["selector"].items() <= pod["metadata"]["labels"].items()
    for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
        assert container[probe]["httpGet"]["port"] in ports


def mirror():
    """Where this machine's own packages come from."""
    words = said("apt-get", "indextargets", "--format", "$(REPO_URI) $(CODENAME)", "Created-By: Packages")
    for line in words.splitlines():
        uri, codename = line.rsplit(" ", 1)
        if "security" not in uri and "-" not in codename:
            return uri, codename
    raise AssertionError("no Debian mirror in the sources of apt")


def clean_root(place):
    """A minimal Debian; kept between runs where DEEPSEEK_TEST_ROOT names it."""
    if not os.path.exists(os.path.join(place, "etc", "debian_version")):
        uri, codename = mirror()
        said("debootstrap", "--variant=minbase", codename, place, uri, timeout=560)
    return place


class Chroot:
    def __init__(self, base, directory):
        self.root = os.path.join(directory, "root")
        if os.path.dirname(base) == directory:
            os.rename(base, self.root)
        else:
            said("cp", "-a", base, self.root)
        with open(self.path("etc/dpkg/dpkg.cfg.d/fast"), "w", encoding="utf-8") as file:
            file.write("force-unsafe-io\n")  # nobody cuts the power of this one
        shutil.copy("/etc/resolv.conf", os.path.join(self.root, "etc/resolv.conf"))
        for name in ("etc/apt/apt.conf.d", "etc/apt/sources.list.d"):
            if os.path.isdir("/" + name):
                shutil.copytree("/" + name, os.path.join(self.root, name), dirs_exist_ok=True)
        if os.path.exists("/etc/apt/sources.list"):
            shutil.copy("/etc/apt/sources.list", os.path.join(self.root, "etc/apt/sources.list"))

    def path(self, name):
        return os.path.join(self.root, name)

    def run(self, *command, **options):
        env = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "DEBIAN_FRONTEND": "noninteractive", "HOME": "/root",
               **{name: value for name, value in os.environ.items() if "proxy" in name.lower()}}
        return said("chroot", self.root, *command, env=env, **options)


def exec_start(root):
    with open(os.path.join(root, "lib/systemd/system/deepseek-proxy.service"), encoding="utf-8") as file:
        return re.search(r"^ExecStart=(.*)$", file.read(), re.M).group(1).split()


def serves(chroot, simulator, port, admin_port):
    """The unit's command as the unit's user, by hand: no systemd runs in a chroot. One request."""
    config = chroot.path("etc/deepseek-proxy/config.toml")
    with open(config, encoding="utf-8") as file:
        text = file.read()
    with open(config, "w", encoding="utf-8") as file:
        file.write(text.replace('listen = "127.0.0.1:8080"', f'listen = "127.0.0.1:{port}"')
                   .replace('listen = "127.0.0.1:8081"', f'listen = "127.0.0.1:{admin_port}"')
                   .replace("[upstream]\n", f'[upstream]\nurl = "http://127.0.0.1:{simulator.port}"\n', 1)
                   if "127.0.0.1:8080" in text else text)
    os.makedirs(chroot.path("run/credentials"), exist_ok=True)
    with open(chroot.path("run/credentials/deepseek-api-key"), "w", encoding="utf-8") as file:
        file.write(REAL_KEY)
    owner = os.stat(chroot.path("var/lib/deepseek-proxy"))
    os.chown(file.name, 0, owner.st_gid)
    os.chmod(file.name, 0o440)  # as systemd's access list shows
    child = subprocess.Popen(["chroot", "--userspec=deepseek-proxy:deepseek-proxy", chroot.root, *exec_start(chroot.root)],
                             env={"CREDENTIALS_DIRECTORY": "/run/credentials", "PATH": "/usr/sbin:/usr/bin"})
    try:
        key_file = chroot.path("var/lib/deepseek-proxy/admin.key")

        def alive():
            try:
                return request(admin_port, "GET", "/readyz")[0] == 200
            except OSError:
                return False

        eventually(alive, "it serves", 60)
        with open(key_file, encoding="utf-8") as file:
            admin = {"Authorization": "Bearer " + file.read().strip()}
        made = request(admin_port, "POST", "/v1/keys", {"name": "first"}, admin)
        keys = json.loads(request(admin_port, "GET", "/v1/keys", None, admin)[2])["data"]
        if made[0] == 201:
            secret = json.loads(made[2])["key"]
            status, _, body = request(port, "POST", "/v1/chat/completions",
                                      {"model": "deepseek-flash", "max_tokens": 5,
                                       "messages": [{"role": "user", "content": "hi"}]},
                                      {"Authorization": "Bearer " + secret})
            assert status == 200, body
        assert os.stat(key_file).st_uid != 0 and os.stat(key_file).st_mode & 0o77 == 0
        return len(keys)
    finally:
        child.terminate()
        assert child.wait(60) == 0


def installed_and_removed():
    """in a clean Debian: apt installs it, it serves as its user; an upgrade keeps data, purge leaves nothing"""
    with workspace() as directory:
        base = clean_root(os.environ.get("DEEPSEEK_TEST_ROOT") or os.path.join(directory, "base"))
        simulator = Simulator()
        try:
            chroot = Chroot(base, directory)
            inside = "/root/" + os.path.basename(shutil.copy(package(), chroot.path("root")))
            chroot.run("apt-get", "update", "-qq", timeout=300)
            told = chroot.run("apt-get", "install", "-y", "--no-install-recommends", inside, timeout=500)
            assert "api.key" in told, told[-500:]
            assert chroot.run("deepseek-proxy", "version").startswith("deepseek-proxy ")
            ports = free_port(), free_port()
            before = serves(chroot, simulator, *ports)
            # Again: what was changed in the configuration, and what was stored, stays.
            chroot.run("dpkg", "-i", "--force-confold", inside)
            assert serves(chroot, simulator, *ports) == before + 1
            chroot.run("apt-get", "remove", "-y", "deepseek-proxy")
            assert not os.path.exists(chroot.path("usr/bin/deepseek-proxy"))
            assert os.path.exists(chroot.path("var/lib/deepseek-proxy/store.db"))
            assert os.path.exists(chroot.path("etc/deepseek-proxy/config.toml"))
            chroot.run("apt-get", "purge", "-y", "deepseek-proxy")
            for name in ("var/lib/deepseek-proxy", "etc/deepseek-proxy", "lib/systemd/system/deepseek-proxy.service"):
                assert not os.path.exists(chroot.path(name)), name
            with open(chroot.path("etc/passwd"), encoding="utf-8") as file:
                assert "deepseek-proxy" not in file.read()
        finally:
            simulator.kill()


if __name__ == "__main__":
    run([the_unit_is_hardened, the_same_bytes_twice, documents_parse, installed_and_removed])
