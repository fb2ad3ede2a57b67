/// The one executable: the controller service and the client commands.
@main
struct Lodestone {
    static func main() async {}
}
