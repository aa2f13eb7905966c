"""Makes an authority and certificates of it with the openssl program, for tests of TLS."""
import os
import subprocess


def openssl(*words, **options):
    return subprocess.run(["openssl", *words], check=True, capture_output=True, text=True, **options).stdout


class Authority:
    def __init__(self, directory, name="test authority"):
        os.makedirs(directory, exist_ok=True)
        self.directory = directory
        self.file = os.path.join(directory, "ca.pem")
        self._key = os.path.join(directory, "ca.key")
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                "-subj", "/CN=" + name, "-keyout", self._key, "-out", self.file)

    def issue(self, name, subject=None, hosts=("DNS:localhost", "IP:127.0.0.1")):
        """Paths of a new certificate and its key, atomically in place of those of the same name."""
        cert, key = (os.path.join(self.directory, name + end) for end in (".pem", ".key"))
        request = os.path.join(self.directory, name + ".csr")
        extensions = os.path.join(self.directory, name + ".ext")
        with open(extensions, "w", encoding="utf-8") as file:
            file.write("subjectAltName=" + ",".join(hosts) + "\n")
        openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj",
                subject or "/CN=" + name, "-keyout", key + ".new", "-out", request)
        openssl("x509", "-req", "-in", request, "-CA", self.file, "-CAkey", self._key, "-days", "2",
                "-extfile", extensions, "-out", cert + ".new")
        os.rename(key + ".new", key)
        os.rename(cert + ".new", cert)
        return cert, key


def fingerprint(cert):
    return openssl("x509", "-in", cert, "-noout", "-fingerprint", "-sha256").split("=")[1].strip()
