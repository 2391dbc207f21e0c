import Testing

@testable import Operator

/// What ufw says, read.
@Suite struct UfwStatusTests {
    private func status(_ rules: String..., incoming: String = "deny") -> UfwStatus? {
        UfwStatus(
            """
            Status: active
            Logging: on (low)
            Default: \(incoming) (incoming), allow (outgoing), disabled (routed)
            New profiles: skip

            To                         Action      From
            --                         ------      ----
            \(rules.joined(separator: "\n"))

            """)
    }

    private func verdict(_ rules: String..., incoming: String = "deny") -> UfwStatus.Verdict? {
        status(rules.joined(separator: "\n"), incoming: incoming)?.verdict(port: 9000)
    }

    @Test func aRuleForEverybodyOpens() {
        #expect(verdict("22/tcp                     ALLOW IN    Anywhere") == .closed)
        #expect(verdict("9000/tcp                   ALLOW IN    Anywhere                   # Podoru P2P") == .open)
        #expect(verdict("9000/tcp (Podoru P2P)      ALLOW IN    Anywhere") == .open)
        #expect(verdict("9000                       ALLOW       Anywhere") == .open)
        #expect(verdict("8000:9005/tcp              ALLOW IN    Anywhere") == .open)
        #expect(verdict("80,9000,9443/tcp           ALLOW IN    Anywhere") == .open)
        #expect(verdict("Anywhere                   ALLOW IN    Anywhere") == .open)
    }

    @Test func otherProtocolsPortsAndDirectionsDoNot() {
        #expect(verdict("9000/udp                   ALLOW IN    Anywhere") == .closed)
        #expect(verdict("9001/tcp                   ALLOW IN    Anywhere") == .closed)
        #expect(verdict("9000/tcp                   ALLOW OUT   Anywhere") == .closed)
        #expect(verdict("9000/tcp                   ALLOW FWD   Anywhere") == .closed)
        #expect(verdict("9000/tcp (v6)              ALLOW IN    Anywhere (v6)") == .closed)
    }

    @Test func someSendersAreSomeSenders() {
        #expect(verdict("9000/tcp                   ALLOW IN    10.0.0.0/8") == .partly(["10.0.0.0/8"]))
        #expect(verdict("9000/tcp on eth1           ALLOW IN    Anywhere") == .partly(["Anywhere"]))
        #expect(verdict("192.168.1.5 9000/tcp       ALLOW IN    Anywhere") == .partly(["Anywhere"]))
    }

    @Test func theFirstRuleForEverybodyDecides() {
        let (allow, deny) = ("9000/tcp   ALLOW IN   Anywhere", "9000/tcp   DENY IN   Anywhere")
        #expect(verdict(deny, allow) == .closed)
        #expect(verdict(allow, deny) == .open)
        #expect(verdict("9000/tcp   REJECT IN   203.0.113.5", allow) == .open)
        #expect(verdict("9000/tcp   LIMIT IN   Anywhere", allow) == .limited)
    }

    @Test func withoutARuleTheDefaultDecides() {
        #expect(verdict(incoming: "deny") == .closed)
        #expect(verdict(incoming: "reject") == .closed)
        #expect(verdict(incoming: "allow") == .open)
        #expect(verdict("9000/tcp   DENY IN   Anywhere", incoming: "allow") == .closed)
    }

    @Test func anInactiveOneBlocksNothing() {
        #expect(UfwStatus("Status: inactive\n")?.verdict(port: 9000) == .open)
    }

    @Test func whatIsNoStatusIsNone() {
        #expect(UfwStatus("ERROR: You need to be root to run this script\n") == nil)
        #expect(UfwStatus("") == nil)
    }

    @Test func theFindingNamesTheRemedy() throws {
        let closed = FirewallCheck.finding(try #require(status()), port: 9000)
        #expect(closed.outcome == .failure && closed.remedy?.contains("podoru-open") == true)
        let open = FirewallCheck.finding(try #require(status("9000/tcp  ALLOW IN  Anywhere")), port: 9000)
        #expect(open == .ok(.firewall, "ufw is active and lets port 9000 in"))
        #expect(FirewallCheck.finding(.missing, port: 9000).outcome == .skipped)
        #expect(FirewallCheck.finding(.late, port: 9000).outcome == .skipped)
        let refusal = FirewallCheck.finding(.answered(.init(code: 1, output: "ERROR: problem running\n")), port: 9000)
        #expect(refusal.outcome == .skipped && refusal.seen == "ufw says: ERROR: problem running")
    }
}
