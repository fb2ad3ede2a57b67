@testable import Client
import Model
import Testing

struct WaitGoalTests {
    private func record(status: Value, generation: Int64 = 2) -> Value {
        ["metadata": ["name": "a", "generation": .integer(generation)], "status": status]
    }

    @Test(
        "Goals are read and shown in one form",
        arguments: [
            ("condition=Ready", "condition=Ready"), ("condition=Ready=False", "condition=Ready=False"),
            ("delete", "delete"),
            ("phase=Succeeded", "phase=Succeeded"), ("Condition=Ready=True", "condition=Ready"), ("create", "create"),
        ])
    func forms(text: String, shown: String) {
        #expect(WaitGoal(argument: text)?.argument == shown)
    }

    @Test(
        "What is no goal is refused",
        arguments: ["", "condition", "condition=", "phase=", "Ready=x", "delete=1", "condition=a=b=c"])
    func refused(text: String) {
        #expect(WaitGoal(argument: text) == nil)
    }

    @Test("A condition counts only if it was judged by the present generation")
    func generations() {
        let goal = WaitGoal.condition("Ready", "True")
        func condition(_ status: String, observed: Int64?) -> Value {
            var condition: Value = ["type": "Ready", "status": .string(status), "reason": "R", "message": "m"]
            condition["observedGeneration"] = observed.map { .integer($0) }
            return ["conditions": [condition]]
        }
        #expect(goal.judge(record(status: condition("True", observed: 2))).isMet)
        #expect(goal.judge(record(status: condition("true", observed: nil))).isMet)
        let old = goal.judge(record(status: condition("True", observed: 1)))
        #expect(!old.isMet && old.state == "Ready is True by an older spec")
        let no = goal.judge(record(status: condition("False", observed: 2)))
        #expect(!no.isMet && no.state == "Ready is False (R: m)")
        #expect(goal.judge(record(status: [:])).state == "nothing is said of Ready yet")
        #expect(goal.judge(nil).state == "it is not there")
        #expect(WaitGoal.condition("ready", "false").judge(record(status: condition("False", observed: 2))).isMet)
    }

    @Test("Phases, presence and absence are goals too")
    func others() {
        let running = record(status: ["phase": "Running", "message": "half"])
        #expect(WaitGoal.phase("running").judge(running).isMet)
        #expect(WaitGoal.phase("Succeeded").judge(running) == (false, "Running: half"))
        #expect(WaitGoal.delete.judge(nil).isMet && !WaitGoal.delete.judge(running).isMet)
        #expect(WaitGoal.create.judge(running).isMet && !WaitGoal.create.judge(nil).isMet)
    }
}
