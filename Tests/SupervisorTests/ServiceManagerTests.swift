import Foundation
import TestKit
import Testing

@testable import Supervisor

@Suite struct ServiceManagerTests {
    private func manager(_ variables: [String: String], processID: Int32 = 42) -> ServiceManager? {
        ServiceManager(environment: { variables[$0] }, processID: processID)
    }

    @Test func withoutASocketThereIsNone() {
        #expect(manager([:]) == nil)
        #expect(manager(["NOTIFY_SOCKET": ""]) == nil)
    }

    @Test func anAddressThatIsNoUnixSocketIsNone() {
        #expect(manager(["NOTIFY_SOCKET": "vsock:2:1234"]) == nil)
        #expect(manager(["NOTIFY_SOCKET": "/" + String(repeating: "x", count: 200)]) == nil)
    }

    @Test(arguments: [false, true]) func messagesGoInOneDatagram(abstract: Bool) throws {
        let fake = try FakeServiceManager(abstract: abstract)
        let manager = try #require(self.manager(["NOTIFY_SOCKET": fake.path]))
        manager.tell(.ready, .status("height 7, 2 peers"))
        #expect(fake.next() == "READY=1\nSTATUS=height 7, 2 peers")
        #expect(fake.next() == nil)
    }

    @Test func aStatusStaysOneLine() throws {
        let fake = try FakeServiceManager()
        try #require(manager(["NOTIFY_SOCKET": fake.path])).tell(.status("a\nREADY=1"))
        #expect(fake.next() == "STATUS=aREADY=1")
    }

    @Test func aReloadNamesItsTime() throws {
        let fake = try FakeServiceManager()
        try #require(manager(["NOTIFY_SOCKET": fake.path])).tell(.reloading)
        let lines = try #require(fake.next()).split(separator: "\n")
        #expect(lines.first == "RELOADING=1")
        #expect(lines.last.map { $0.hasPrefix("MONOTONIC_USEC=") && (Int64($0.dropFirst(15)) ?? 0) > 0 } == true)
    }

    @Test func aSocketThatIsGoneIsNoFault() throws {
        let path = try FakeServiceManager().path
        try #require(manager(["NOTIFY_SOCKET": path])).tell(.watchdog)
    }

    @Test func theWatchdogIsForTheProcessThatItNames() throws {
        let variables = ["NOTIFY_SOCKET": "/run/x", "WATCHDOG_USEC": "30000000"]
        #expect(manager(variables)?.watchdogInterval == .seconds(30))
        #expect(manager(variables.merging(["WATCHDOG_PID": "42"]) { $1 })?.watchdogInterval == .seconds(30))
        #expect(manager(variables.merging(["WATCHDOG_PID": "41"]) { $1 }).map { $0.watchdogInterval } == .some(nil))
        #expect(manager(["NOTIFY_SOCKET": "/run/x"]).map { $0.watchdogInterval } == .some(nil))
    }

    @Test func theStatusLineTellsAPersonWhereTheNodeStands() {
        var status = NodeReport.Status()
        status.height = 1234
        status.inbound = 1
        #expect(status.summary == "height 1234, 1 peer, 0 waiting")
        status.isSyncing = true
        status.target = 2000
        status.outbound = 2
        #expect(status.summary == "syncing 61 %: height 1234 of 2000, 3 peers, 0 waiting")
    }
}
