#!/usr/bin/env python3
"""Makes a vendor's logs, its customers' sign-in logs and some thefts, for `kunci log reconcile` to tell apart.

It knows how services, clients, Entra and its exports behave, and what thieves did; it knows nothing of how they are told
apart. What it writes into FOLDER: logs/REGION (docs/log-format.md), signins/ (an export for each customer, in its own format),
networks.txt, and truth.json: which tenants were robbed, and how.

    generate.py FOLDER [--tenants 3600] [--rows 2000000] [--days 30] [--seed 1] [--honest]
"""

import argparse
import gzip
import hashlib
import json
import pathlib
import random
import uuid

REGIONS = {  # connector: lifetime of its assertions in seconds
    "de": 300, "uk": 300, "us": 300, "ca": 300, "au": 300, "za": 600, "offshore": 600,
}
START = 1793491200  # 2026-11-01T00:00:00Z
DAY = 86400
RESOURCES = [
    ("00000003-0000-0000-c000-000000000000", "Microsoft Graph"),
    ("00000002-0000-0ff1-ce00-000000000000", "Office 365 Exchange Online"),
    ("00000003-0000-0ff1-ce00-000000000000", "Office 365 SharePoint Online"),
    ("c5393580-f805-4401-95e8-94b7a6ef2fc2", "Office 365 Management APIs"),
]
NETWORKS = ["203.0.113.0/26", "192.0.2.128/25", "2001:db8:7::/48"]
TRANSIENT, DENIED, BAD_KEY = 90033, 53003, 700027


def inside(rng):
    return rng.choice([f"203.0.113.{rng.randrange(64)}", f"192.0.2.{rng.randrange(128, 256)}", f"2001:db8:7::{rng.randrange(1, 9999):x}"])


def outside(rng):
    return rng.choice([f"198.51.100.{rng.randrange(1, 255)}", f"203.0.113.{rng.randrange(64, 255)}", f"2001:db8:8::{rng.randrange(1, 9999):x}"])


def stamp(at, digits=7):
    day, second = divmod(at, DAY)
    minute, second = divmod(second, 60)
    date = DATES[int(day)]
    if not digits:
        return f"{date}T{int(minute) // 60:02}:{int(minute) % 60:02}:{int(second):02}Z"
    return f"{date}T{int(minute) // 60:02}:{int(minute) % 60:02}:{int(second):02}.{int(second % 1 * 1e6):06}{'0' * (digits - 6)}Z"


def portal(at):
    """As Log Analytics writes a time into CSV."""
    day, second = divmod(at, DAY)
    year, month, date = DATES[int(day)].split("-")
    hour = int(second) // 3600
    rest = f"{int(second) // 60 % 60:02}:{int(second) % 60:02}.{int(second % 1 * 1e3):03}"
    return f"{int(month)}/{int(date)}/{year}, {(hour + 11) % 12 + 1}:{rest} {'AM' if hour < 12 else 'PM'}"


def guid(rng):
    return str(uuid.UUID(int=rng.getrandbits(128), version=4))


class Key:
    """A key of a region's, with its certificate."""

    def __init__(self, rng, connector):
        self.connector, self.id = connector, f"{rng.getrandbits(128):032x}"
        certificate = rng.randbytes(700)
        self.sha1, self.sha256 = hashlib.sha1(certificate).hexdigest(), hashlib.sha256(certificate).hexdigest()
        self.spki = hashlib.sha256(certificate[:300]).hexdigest()


class Tenant:
    """A customer: who it is, how its services sign in, and how it exports its logs."""

    def __init__(self, rng, number, habit):
        self.id, self.app, self.service = guid(rng), guid(rng), guid(rng)
        self.habit = habit
        # Some tenants are known to the vendor by their domain.
        self.name = f"customer{number}.onmicrosoft.com" if rng.random() < 0.05 else self.id
        self.credentials = {}
        self.format = rng.choices(["graph", "analytics", "record", "csv", "summary"], [50, 22, 15, 12, 1])[0]
        self.is_upper = rng.random() < 0.3
        # Not every export tells the thumbprint, and few tell nothing.
        self.tells = rng.choices(["both", "key", "nothing"], [92, 6, 2])[0]
        self.resources = rng.sample(RESOURCES, rng.randrange(1, 5))

    def credential(self, rng, key):
        return self.credentials.setdefault(key.id, guid(rng))


class Region:
    """A region: its keys, what it signed, what its tenants' logs say, and what thieves did there."""

    def __init__(self, rng, connector, lifetime, days):
        self.rng, self.connector, self.lifetime, self.days = rng, connector, lifetime, days
        self.old, self.new = Key(rng, connector), Key(rng, connector)
        # One region rolls its key: canaries first, then everybody; then the old one is retired.
        self.rolls = (days * 0.4, days * 0.6) if connector == "uk" else (days * 2, days * 2)
        # Entra's clock is another.
        self.offset = rng.uniform(-40, 40)
        self.entries, self.robbed = [], []

    def key(self, at, is_canary=False):
        return self.new if at > (self.rolls[0] + (0 if is_canary else self.days * 0.05)) * DAY else self.old

    def sign(self, at, tenant, unit, key=None):
        self.entries.append((at, key or self.key(at), unit, tenant))

    def row(self, tenant, at, key, resource, address, error=0, kind="certificate"):
        """A sign-in, as Entra saw it."""
        rng = self.rng
        return (at + self.offset + rng.uniform(-2, 2), guid(rng), tenant, key, resource, address, error, kind)

    def live(self, tenant, count, canary=False):
        """What one tenant's services do in all the time; the rows of its log."""
        rng, rows = self.rng, []
        end = self.days * DAY - 60
        if tenant.habit == "file":
            return self.file(tenant, end)
        unit = "canary.service" if canary else rng.choice(["sync.service", "continuity.service"])
        times = sorted(rng.uniform(60, end) for _ in range(count))
        for at in times:
            key, address = self.key(at, canary), inside(rng)
            self.sign(at, tenant, unit, key)
            if rng.random() < 0.004:
                continue  # the client ended before it used it
            first = at + rng.uniform(0.05, 4)
            if rng.random() < 0.02:  # tried again, with the same one
                rows.append(self.row(tenant, first, key, tenant.resources[0], address, TRANSIENT))
                first += rng.uniform(1, 3)
            if tenant.habit == "keeps":
                # For every resource, as long as it keeps it.
                for resource in rng.sample(tenant.resources, rng.randrange(1, len(tenant.resources) + 1)):
                    rows.append(self.row(tenant, min(first, at + 590), key, resource, address))
                    first += rng.uniform(0, 200)
            else:
                rows.append(self.row(tenant, first, key, rng.choice(tenant.resources), address))
        return rows

    def file(self, tenant, end):
        """A file that is refreshed, and the programs that read it, each once an hour for each resource."""
        rng, rows, at = self.rng, [], 60.0
        while at < end:
            self.sign(at, tenant, "assertion-file.service")
            at += self.lifetime / 4 + rng.uniform(0.01, 0.6)
        for program in range(rng.randrange(1, 4)):
            address = inside(rng)
            for resource in tenant.resources:
                at = rng.uniform(100, 3600)
                while at < end:
                    rows.append(self.row(tenant, at, self.key(at), resource, address))
                    at += rng.uniform(3400, 3700)
        return rows

    def rob(self, tenant, rows, how):
        """Somebody signs in who should not; the rows that it leaves."""
        rng = self.rng
        times = [row[0] - self.offset for row in rows if row[6] == 0 and row[0] < self.days * DAY - 7400]
        middle = self.rolls[1] * DAY if how == "retired" else self.days * DAY * 0.2
        latest = self.days * DAY - 7300  # what came later is in no export yet
        any_time = lambda: rng.uniform(middle, latest)
        def steal(count, at, address, error=0, kind="certificate", key=None):
            return [self.row(tenant, moment := at(), key or self.key(moment), rng.choice(tenant.resources), address(rng), error, kind) for _ in range(count)]
        if how == "quiet":  # the key was carried away
            new = steal(rng.randrange(2, 9), any_time, outside)
        elif how == "crowd":  # it is used within the vendor's grid, while the vendor signs in as well
            base = rng.choice(times[len(times) // 4:])
            new = steal(rng.randrange(4, 9), lambda: base + rng.uniform(-20, 20), inside)
        elif how == "carried":  # an assertion was copied
            new = steal(rng.randrange(1, 4), lambda: rng.choice(times) + rng.uniform(1, 60), outside)
        elif how == "flood":  # out of the file's folder
            base = rng.choice(times)
            new = steal(1500, lambda: base + rng.uniform(-20, 20), inside)
        elif how == "retired":
            new = steal(rng.randrange(1, 5), any_time, outside, BAD_KEY, key=self.old)
        elif how == "denied":  # the tenant lets nobody in from there
            new = steal(rng.randrange(2, 5), any_time, outside, DENIED)
        else:  # a secret that somebody added
            new = steal(rng.randrange(1, 6), any_time, outside, kind="clientSecret")
        self.robbed.append({"tenant": tenant.id, "how": how, "sign_ins": len(new), "format": tenant.format})
        return rows + new

    def write_log(self, folder):
        sealed = folder / "tile/entries"
        sealed.mkdir(parents=True)
        (folder / "open").mkdir()
        lines = []
        for key, begin, word in [(self.old, 0, "generated"), (self.new, self.rolls[0] * DAY - 600, "generated")]:
            if begin < self.days * DAY:
                head = f'"connector":"{self.connector}","key":"{key.id}","token":"{self.connector}-hsm"'
                lines.append((begin, f'"kind":"lifecycle",{head},"state":"{word}","spki_sha256":"{key.spki}"'))
                lines.append((begin + 1, f'"kind":"lifecycle",{head},"state":"certified","certificate_sha256":"{key.sha256}","certificate_sha1":"{key.sha1}"'))
        if self.rolls[1] < self.days:
            lines.append((self.rolls[1] * DAY, f'"kind":"lifecycle","connector":"{self.connector}","key":"{self.old.id}","token":"{self.connector}-hsm","state":"retired"'))
        for at, key, unit, tenant in self.entries:
            jti, digest = guid(self.rng), f"{self.rng.getrandbits(256):064x}"
            lines.append((at, f'"kind":"intent","connector":"{self.connector}","key":"{key.id}","token":"{self.connector}-hsm","caller":{{"uid":991,"unit":"{unit}"}},"tenant":"{tenant.name}","client_id":"{tenant.app}","aud":"https://login.microsoftonline.com/{tenant.name}/oauth2/v2.0/token","jti":"{jti}","exp":{START + int(at) + self.lifetime},"digest":"{digest}","message":"assertion"'))
        # The agent went on until the end.
        lines.append((self.days * DAY - 1, '"kind":"probe"'))
        lines.sort(key=lambda line: line[0])
        for bundle in range(0, len(lines), 256):
            frames = bytearray()
            for at, text in lines[bundle:bundle + 256]:
                entry = f'{{"v":1,"time":"{stamp(at, 6)}",{text}}}'.encode()
                frames += len(entry).to_bytes(2, "big") + entry
            number, is_full = bundle // 256, bundle + 256 <= len(lines)
            path = sealed / group(number) if is_full else folder / f"open/{number:03}.entries"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(frames)


def group(number):
    text = f"{number % 1000:03}"
    while number := number // 1000:
        text = f"x{number % 1000:03}/{text}"
    return text


def told(tenant, rng, key):
    """What an export tells of a credential."""
    thumbprint = key.sha1 if tenant.tells == "both" else ""
    credential = tenant.credential(rng, key) if tenant.tells != "nothing" else ""
    return credential, thumbprint.upper() if tenant.is_upper else thumbprint


def graph(tenant, row, rng):
    at, id, _, key, resource, address, error, kind = row
    credential, thumbprint = told(tenant, rng, key) if kind == "certificate" else ("", "")
    app = tenant.app.upper() if tenant.is_upper else tenant.app
    return f'{{"id":"{id}","createdDateTime":"{stamp(at, 0)}","userDisplayName":null,"userId":"","appId":"{app}","appDisplayName":"Continuity \\"365\\"","ipAddress":"{address}","clientAppUsed":null,"correlationId":"{id}","conditionalAccessStatus":"notApplied","isInteractive":false,"resourceDisplayName":"{resource[1]}","resourceId":"{resource[0]}","resourceTenantId":"{tenant.id}","servicePrincipalId":"{tenant.service}","servicePrincipalName":"Continuity","servicePrincipalCredentialKeyId":"{credential}","servicePrincipalCredentialThumbprint":"{thumbprint}","clientCredentialType":"{kind}","uniqueTokenIdentifier":"{id[:22]}","signInEventTypes":["servicePrincipal"],"status":{{"errorCode":{error},"failureReason":"Other.","additionalDetails":null}},"location":{{"city":"Frankfurt","countryOrRegion":"DE","geoCoordinates":{{"latitude":50.1,"longitude":8.6}}}},"appliedConditionalAccessPolicies":[],"authenticationProcessingDetails":[{{"key":"Azure AD App Authentication Library","value":"MSAL"}}]}}'


def record(tenant, row, rng):
    text = graph(tenant, row, rng)
    # Azure Monitor is late by minutes; what counts is when it was.
    late = min(row[0] + rng.uniform(1, 3600), len(DATES) * DAY - 1)
    return f'{{"time":"{stamp(late)}","resourceId":"/tenants/{tenant.id}/providers/Microsoft.aadiam","operationName":"Sign-in activity","category":"ServicePrincipalSignInLogs","tenantId":"{tenant.id}","resultType":"{row[6]}","callerIpAddress":"{row[5]}","properties":{text}}}'


def analytics(tenant, row, rng):
    at, id, _, key, resource, address, error, kind = row
    credential, thumbprint = told(tenant, rng, key) if kind == "certificate" else ("", "")
    return f'{{"TableName":"PrimaryResult","TenantId":"{WORKSPACE}","TimeGenerated":"{stamp(at)}","Id":"{id}","AppId":"{tenant.app}","IPAddress":"{address}","ResultType":"{error}","ResourceDisplayName":"{resource[1]}","ResourceIdentity":"{resource[0]}","ServicePrincipalId":"{tenant.service}","ServicePrincipalCredentialKeyId":"{credential}","ServicePrincipalCredentialThumbprint":"{thumbprint}","ClientCredentialType":"{kind}","UniqueTokenIdentifier":"{id[:22]}","Category":"ServicePrincipalSignInLogs","LocationDetails":"{{\\"city\\":\\"Frankfurt\\"}}"}}'


def csv(tenant, row, rng):
    at, id, _, key, resource, address, error, kind = row
    credential, thumbprint = told(tenant, rng, key) if kind == "certificate" else ("", "")
    return f'"{portal(at)}",{id},{tenant.app},"Continuity ""365"", all",{address},{error},{resource[1]},{resource[0]},{credential},{thumbprint},{kind},{id[:22]}'


CSV = '"TimeGenerated [UTC]",Id,AppId,ServicePrincipalName,IPAddress,ResultType,ResourceDisplayName,ResourceIdentity,ServicePrincipalCredentialKeyId,ServicePrincipalCredentialThumbprint,ClientCredentialType,UniqueTokenIdentifier'


def summary(tenant, rows):
    """One row for a day's sign-ins that are alike, as the portal has them."""
    alike = {}
    for row in rows:
        alike.setdefault((int(row[0] // DAY), row[4], row[5], row[6]), []).append(row[0])
    for (day, resource, address, error), times in alike.items():
        yield f'{{"id":"{day}","signInCount":{len(times)},"aggregationDateTime":"{DATES[day]}T00:00:00Z","firstSignInDateTime":"{stamp(min(times), 0)}","appId":"{tenant.app}","ipAddress":"{address}","resourceId":"{resource[0]}","tenantId":"{tenant.id}","status":{{"errorCode":{error}}}}}'


def export(folder, number, tenant, rows, rng, others):
    """A tenant's log as it was exported: in no order, with its own applications, some rows twice, the newest not there yet."""
    rows = [row for row in rows if row[0] < (len(DATES) - 1) * DAY - rng.choice([0, 0, 600, 7200])]
    rng.shuffle(rows)
    if tenant.format == "summary":
        lines = list(summary(tenant, rows))
    else:
        lines = [FORMATS[tenant.format](tenant, row, rng) for row in rows]
    # An overlapping export, now and then from another source.
    again = FORMATS["record"] if rng.random() < 0.5 else FORMATS["graph"]
    double = [] if tenant.format == "summary" else [again(tenant, row, rng) for row in rng.sample(rows, len(rows) // 30)]
    if tenant.format != "csv" and tenant.format != "summary":
        stranger = Tenant(rng, 0, "asks")
        stranger.id, stranger.format = tenant.id, tenant.format
        lines += [FORMATS[tenant.format](stranger, (*row[:2], stranger, others, *row[4:]), rng) for row in rng.sample(rows, len(rows) // 25)]
    name = folder / f"{number:05}-{tenant.format}"
    if tenant.format in ("graph", "summary"):
        body = '{"@odata.context":"https://graph.microsoft.com/beta/$metadata#auditLogs/signIns","value":[' + ",\n".join(lines) + "]}"
    elif tenant.format == "analytics":
        body = "[" + ",".join(lines) + "]"
    elif tenant.format == "csv":
        body = "\ufeff" + "\r\n".join([CSV, *lines]) + "\r\n"
    else:
        body = "\n".join(lines) + "\n"
    write(name, body, rng)
    if double:
        write(folder / f"{number:05}-overlap", "\n".join(double), rng)
    return len(lines) + len(double)


def write(path, body, rng):
    if rng.random() < 0.8:
        with gzip.open(f"{path}.gz", "wb", compresslevel=1) as file:
            file.write(body.encode())
    else:
        path.write_text(body, newline="")


FORMATS = {"graph": graph, "record": record, "analytics": analytics, "csv": csv}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--tenants", type=int, default=3600)
    parser.add_argument("--rows", type=int, default=2_000_000)
    parser.add_argument("--days", type=int, default=30)
    parser.add_argument("--files", type=int, default=20, help="tenants whose services read a file that is refreshed")
    parser.add_argument("--honest", action="store_true", help="nobody is robbed")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    rng = random.Random(options.seed)
    global DATES, WORKSPACE
    import datetime
    first = datetime.date(2026, 11, 1)
    DATES = [(first + datetime.timedelta(day)).isoformat() for day in range(options.days + 1)]
    WORKSPACE = guid(rng)
    signins = options.folder / "signins"
    signins.mkdir(parents=True)
    (options.folder / "networks.txt").write_text("# the vendor's\n" + "\n".join(NETWORKS) + "\n")
    strange = Key(rng, "theirs")
    share = options.tenants // len(REGIONS)
    # Rows of strangers' applications and of overlaps come on top, and a file's programs sign in at their own pace.
    each = int(options.rows * 0.87 / options.tenants)
    truth, rows, number = [], 0, 0
    for connector, lifetime in REGIONS.items():
        region = Region(rng, connector, lifetime, options.days)
        tenants = []
        for at in range(share):
            habit = "asks" if lifetime < 600 else "keeps"
            tenants.append(Tenant(rng, number + at, habit))
        files = options.files // 2 if lifetime == 600 else 0
        for tenant in tenants[:files]:
            tenant.habit = "file"
        plans = {} if options.honest else plan(rng, region, tenants[files:], tenants[:files])
        canary = Tenant(rng, 90000 + number, "asks")
        for tenant in [canary, *tenants]:
            mine = region.live(tenant, 2 if tenant.habit == "file" else max(8, int(each * rng.uniform(0.5, 1.5))), tenant is canary)
            if how := plans.get(tenant.id):
                mine = region.rob(tenant, mine, how)
            rows += export(signins, number, tenant, mine, rng, strange)
            number += 1
        # The key opens an application of which the vendor does not know.
        if connector == "us" and not options.honest:
            hidden = Tenant(rng, 99999, "asks")
            hidden.format, hidden.tells = "graph", "both"
            stolen = [region.row(hidden, rng.uniform(0, options.days - 1) * DAY, region.old, RESOURCES[0], outside(rng)) for _ in range(3)]
            region.robbed.append({"tenant": hidden.id, "how": "hidden", "sign_ins": 3, "format": "graph"})
            rows += export(signins, 99999, hidden, stolen, rng, strange)
        region.write_log(options.folder / "logs" / connector)
        truth += region.robbed
    (options.folder / "truth.json").write_text(json.dumps({"rows": rows, "robbed": truth}, indent=1))
    print(f"{rows} rows, {len(truth)} tenants robbed")


def plan(rng, region, tenants, files):
    """Who is robbed, and how."""
    hows = {"us": ["quiet"] * 12 + ["denied"] * 2, "de": ["crowd"] * 6 + ["secret"] * 2, "ca": ["carried"] * 6, "uk": ["retired"] * 4, "za": ["crowd"] * 2 + ["quiet"] * 2}
    plans = {}
    # A thief's address is told by every export; what can only be counted is not to be seen where rows are summed up.
    able = [tenant for tenant in tenants if tenant.format != "summary" and tenant.tells == "both"]
    wanted = hows.get(region.connector, [])
    for how, tenant in zip(wanted, rng.sample(able, min(len(able), len(wanted)))):
        plans[tenant.id] = how
    if region.connector == "offshore" and files:
        plans[files[0].id] = "flood"
        files[0].format = "graph"
    return plans


if __name__ == "__main__":
    main()
